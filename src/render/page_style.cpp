// The style of the evaluation page: one column that becomes several where there is room, light and dark by
// the reader's setting, always light on paper.
namespace grainspin::render {

extern const char* const kPageStyle;
const char* const kPageStyle = R"css(
:root { --paper: #fff; --card: #f6f7f9; --ink: #1d232b; --muted: #5b6470; --rule: #dde1e6; --accent: #0072b2;
  --warn: #fff4d6; --warn-edge: #d9a400; }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #1a1f26; --card: #222831; --ink: #e8ebef; --muted: #a5adb8; --rule: #39414c; --accent: #56b4e9;
    --warn: #3a3113; --warn-edge: #d9a400; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem clamp(1rem, 3vw, 2.5rem) 3rem; max-width: 1240px; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: clamp(1.45rem, 1.1rem + 1.6vw, 2.1rem); line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.4rem; margin: 3rem 0 .2rem; padding-top: 1.2rem; border-top: 2px solid var(--rule); }
h3 { font-size: 1.08rem; margin: 2rem 0 .5rem; }
h1, h2, h3, td, th, dd, p, li, figcaption { overflow-wrap: anywhere; }
p { margin: .4rem 0; max-width: 75ch; }
a { color: var(--accent); }
.lead { font-size: 1.08rem; }
.muted, figcaption, .note { color: var(--muted); }
figcaption, .note { font-size: .9rem; line-height: 1.45; max-width: 80ch; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: .8rem 0; }
.warning { background: var(--warn); border-left: 4px solid var(--warn-edge); padding: .6rem 1rem; margin: 1rem 0; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 1rem 0; font-size: .92rem; }
.facts dt { color: var(--muted); } .facts dd { margin: 0; }
.words dt { font-weight: 600; } .words dd { margin: 0 0 .5rem; }
.words { columns: 2 340px; column-gap: 2.5rem; font-size: .95rem; } .words div { break-inside: avoid; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(46%, 150px), 1fr)); gap: .7rem; margin: 1rem 0; }
.tile { background: var(--card); border-radius: 8px; padding: .7rem .9rem; }
.tile b { display: block; font-size: 1.55rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { color: var(--muted); font-size: .86rem; }
figure { margin: 0; }
img { display: block; max-width: 100%; height: auto; }
.maps { display: grid; grid-template-columns: repeat(4, 1fr); gap: .8rem; align-items: end; margin: .6rem 0; }
.maps img { width: 100%; border: 1px solid var(--rule); }
.maps figcaption { color: var(--ink); margin-bottom: .25rem; }
.keys { display: flex; flex-wrap: wrap; gap: .5rem 3rem; align-items: center; justify-content: space-between; }
.keys .note { flex: 1 1 320px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 1.5rem 2rem; }
.charts img { width: 100%; max-width: 600px; }
.charts figcaption { margin-top: .3rem; }
.poles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)); gap: 1.2rem 2rem; }
.poles h4 { margin: 0 0 .3rem; font-size: .95rem; }
.discs { display: grid; grid-template-columns: repeat(3, 1fr); gap: .6rem; text-align: center; }
.discs img { width: 100%; } .discs figcaption { font-size: .84rem; }
/* A shade at the side where a wide table goes on. */
.scroll { overflow-x: auto; margin: .5rem 0; background: linear-gradient(to right, var(--paper) 40%, transparent) 0 0,
  linear-gradient(to left, var(--paper) 40%, transparent) 100% 0, linear-gradient(to right, #8886, transparent) 0 0,
  linear-gradient(to left, #8886, transparent) 100% 0; background-repeat: no-repeat;
  background-size: 40px 100%, 40px 100%, 12px 100%, 12px 100%; background-attachment: local, local, scroll, scroll; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .7rem; text-align: right; border-bottom: 1px solid var(--rule); overflow-wrap: normal; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; min-width: 4.2rem; }
tbody th { font-weight: 500; }
footer { margin-top: 3rem; color: var(--muted); font-size: .86rem; }
@media (max-width: 640px) {
  .maps { grid-template-columns: repeat(2, 1fr); }
  .facts { grid-template-columns: 1fr; } .facts dd { margin-bottom: .35rem; }
  th, td { padding: .25rem .5rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 11pt; }
  .tiles { grid-template-columns: repeat(6, 1fr); } .poles { grid-template-columns: repeat(3, 1fr); gap: 1rem; }
  figure, .tile, tr, .keys { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; background: none; } table { font-size: 8.5pt; } nav { display: none; }
}
)css";

}  // namespace grainspin::render
