#include "datasets/variance_members.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "datasets/sha256.h"
#include "grainspin/ensemble.h"

namespace grainspin {

namespace {

// SHA-256 of the runs that the training watched only.
std::set<std::string> watched(const ModelSpec& spec) {
  std::set<std::string> out;
  const auto provenance = nlohmann::json::parse(spec.provenance, nullptr, false);
  if (provenance.is_object() && provenance.contains("held_out") && provenance["held_out"].is_array())
    for (const auto& item : provenance["held_out"])
      if (item.is_object() && item.contains("sha256") && item["sha256"].is_string()) out.insert(item["sha256"].get<std::string>());
  return out;
}

}  // namespace

MembersFit fit_members(const Model& model, const std::vector<std::string>& archives, const std::vector<std::string>& set_aside,
                       const VarianceFitOptions& options) {
  std::vector<Model> members = members_of(model);
  std::vector<std::string> hashes;
  for (const std::string& path : archives) hashes.push_back(sha256_of_file(path));
  MembersFit out;
  std::vector<std::vector<std::size_t>> watchers(archives.size());  // members that only watched the archive
  const double parts = double(members.size()) + (members.size() > 1 ? 1 : 0);
  for (std::size_t m = 0; m < members.size(); ++m) {
    const std::set<std::string> known = watched(members[m].spec);
    std::vector<std::string> learned, aside = set_aside;
    for (std::size_t i = 0; i < archives.size(); ++i) {
      const bool only_watched = known.contains(hashes[i]);
      if (only_watched) watchers[i].push_back(m);
      if (!only_watched) learned.push_back(archives[i]);
      if (only_watched && set_aside.empty()) aside.push_back(archives[i]);
    }
    require(!aside.empty(), Errc::kArgument,
            "no archive to calibrate on: none is among those that the training watched, so --set-aside has to name some");
    VarianceFitOptions o = options;
    o.progress = [&](double fraction, std::string_view what) {
      return !options.progress || options.progress((double(m) + fraction) / parts, what);
    };
    VarianceFit& fit = out.fits.emplace_back(fit_variance(members[m], learned, aside, o));
    members[m] = std::move(fit.model);
    fit.model = {};
    if (members.size() == 1) out.together = aside;
  }
  if (members.size() == 1) {
    out.model = std::move(members.front());
    out.calibration = out.fits.front().calibration;
    return out;
  }
  const bool by_all = std::ranges::any_of(watchers, [&](const auto& w) { return w.size() == members.size(); });
  std::vector<Model> judged;
  for (std::size_t i = 0; i < archives.size() && set_aside.empty(); ++i) {
    if (watchers[i].empty() || (by_all && watchers[i].size() < members.size())) continue;
    out.together.push_back(archives[i]);
    out.partly_seen += watchers[i].size() < members.size();
    std::vector<Model> unseen;
    for (const std::size_t m : watchers[i]) unseen.push_back(members[m]);
    judged.push_back(unseen.size() == 1 ? unseen.front() : ensemble_of(unseen));
  }
  if (!set_aside.empty()) out.together = set_aside;
  out.model = ensemble_of(members);
  out.calibration = calibrate_on(out.model, out.together, options.threads, [&](double fraction, std::string_view what) {
    return !options.progress || options.progress((parts - 1 + fraction) / parts, what);
  }, judged);
  out.model.spec.domain = with_calibration(out.model.spec.domain, out.calibration);
  return out;
}

}  // namespace grainspin
