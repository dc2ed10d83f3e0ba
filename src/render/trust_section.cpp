#include "src/render/trust_section.h"

#include <algorithm>

#include "src/render/figure.h"
#include "src/render/html.h"
#include "src/render/pictures.h"
#include "src/render/trust_charts.h"
#include "src/render/trust_maps.h"

namespace grainspin::render {
namespace {

// The error, the error that the model expects, and the verdict, on the slices of the orientation maps.
std::string trust_maps_section(const Report& r, const ArchiveScore& a) {
  const double top = error_top(a);
  const auto panel = [](const std::string& name, const Pixels& p, const std::string& slice) {
    return p.width ? "<figure><figcaption>" + escaped(name) + "</figcaption>" + png_image(p, name + ", slice " + slice) + "</figure>\n" : std::string();
  };
  const std::vector<TrustMaps> all = trust_maps(r, a, top);
  std::string s;
  for (const TrustMaps& m : all)
    s += "<div class=\"maps\">\n" + panel("error", m.error, m.slice->name) + panel("error that the model expects", m.expected, m.slice->name) +
         panel("verdict, the worst of all steps", m.verdict, m.slice->name) + "</div>\n";
  if (s.empty()) return s;
  const bool verdict = std::ranges::any_of(all, [](const TrustMaps& m) { return m.verdict.width > 0; });
  const bool expected = std::ranges::any_of(all, [](const TrustMaps& m) { return m.expected.width > 0; });
  return s + "<div class=\"keys\"><p class=\"note\">" +
         escaped(expected ? "Both errors have the colours of the error maps above. Where the model expects more, more is to be expected; voxel by voxel it is "
                            "a rough guide."
                          : "The error has the colours of the error maps above.") +
         "</p>" +
         (verdict ? "<figure>" + themed_svg(
                                     [](const Theme& t) {
                                       Canvas canvas(Canvas::Format::kSvg, kVerdictKeyWidth, kVerdictKeyHeight);
                                       draw_verdict_key(canvas, 0, 0, t);
                                       return canvas.finish();
                                     },
                                     "Key of the verdict: fine, doubtful, outside") +
                        "</figure>"
                  : "") +
         "</div>\n";
}

}  // namespace

std::string trust_section(const Report& r, const ArchiveScore& a) {
  if (!a.trust) return "";
  std::string s = "<h3>How far to believe it</h3>\n<p>" + escaped(trust_text(a)) + "</p>\n";
  std::string pictures;
  if (!a.trust->reliability.empty())
    pictures += chart_figure([&](const Theme& t) { return reliability_chart(a, t); }, "Mean error against the error that the model expects",
                             "Voxels in ten equal bins by the error that the model expects of itself. On the dashed line it is right; below it, it is "
                             "too cautious, above it promises too much.");
  if (!a.trust->coverage.empty())
    pictures += chart_figure([&](const Theme& t) { return coverage_chart(a, t); }, "Part of the errors within the model's intervals",
                             "Intervals that are meant to hold 50, 90 and 95 % of the errors, and what they hold: of the angle at the last step, and of "
                             "each component of the increments.");
  if (!pictures.empty()) s += "<div class=\"charts\">\n" + pictures + "</div>\n";
  return s + trust_maps_section(r, a);
}

}  // namespace grainspin::render
