#include "networks/nonlocal_init.h"

#include <algorithm>
#include <sstream>

namespace grainspin {

namespace {

template <class T>
void agree(const T& there, const T& wanted, const char* what, const std::string& path) {
  if (there == wanted) return;
  std::ostringstream s;
  s.imbue(std::locale::classic());
  s << path << ": has " << what << " " << there << ", this training " << wanted;
  throw Error(Errc::kArgument, s.str());
}

}  // namespace

void start_from(const Model& from, const std::string& path, NonlocalNetwork& network) {
  require(from.spec.family == Family::kNonlocal, Errc::kArgument, path + ": not a model of the nonlocal family");
  const NonlocalSpec &a = from.spec.nonlocal, &b = network->spec().nonlocal;
  agree(a.channels, b.channels, "channels", path);
  agree(a.width, b.width, "width", path);
  agree(a.polarisations, b.polarisations, "polarisations", path);
  agree(a.memory, b.memory, "memory", path);
  agree(a.carried, b.carried, "carried state", path);
  agree(a.gated, b.gated, "gates", path);
  agree(a.stress, b.stress, "a stress head:", path);
  agree(int(a.green), int(b.green), "Green operator", path);
  agree(a.beta, b.beta, "beta", path);
  agree(int(a.frequencies), int(b.frequencies), "frequencies", path);
  agree(a.phases.size(), b.phases.size(), "phases:", path);
  for (std::size_t i = 0; i < a.phases.size(); ++i) {
    agree(a.phases[i].name, b.phases[i].name, "a phase", path);
    agree(a.phases[i].point_group, b.phases[i].point_group, "point group", path);
    agree(a.phases[i].slip_families == b.phases[i].slip_families, true, "slip systems as wanted:", path);
  }
  require(a.passes <= b.passes, Errc::kArgument,
          path + ": has " + std::to_string(a.passes) + " passes, this training " + std::to_string(b.passes) +
              "; they may grow, not shrink");
  Model model;
  network->save(model);
  for (auto& [name, tensor] : model.tensors) {
    const auto found = from.tensors.find(name);
    if (found != from.tensors.end()) {
      // [K, M] of the model's passes are the first rows; those of new passes 0 (beta 1).
      std::fill(tensor.values.begin(), tensor.values.end(), name == "beta" ? 1.0f : 0.0f);
      std::copy(found->second.values.begin(), found->second.values.end(), tensor.values.begin());
    } else if (name.ends_with(".out")) {
      std::fill(tensor.values.begin(), tensor.values.end(), 0.0f);
    }
  }
  network->load(model);
}

}  // namespace grainspin
