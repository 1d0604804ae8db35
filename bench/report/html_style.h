// bench/report/html_style.h
//
// How the page looks. The colours are Okabe and Ito's ("Color Universal Design", 2008), which most people
// who see colours differently can tell apart, a little lighter on dark ground.
#pragma once

#include <string_view>

namespace lode::bench {

inline constexpr std::string_view page_style = R"(
:root { color-scheme: light dark; --paper: #fffefb; --ink: #222; --quiet: #707070; --rule: #e6e3dc;
  --k0: #0072b2; --k1: #d55e00; --k2: #009e73; --k3: #b4528f; --k4: #a87400; --k5: #3d8fc4;
  --k6: #444; --k7: #8c6bb1; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e4e2dd; --quiet: #98968f;
  --rule: #2e3135; --k0: #58b0e8; --k1: #ff8c42; --k2: #3cc79c; --k3: #e08cc0; --k4: #e6b53c;
  --k5: #9cd0f2; --k6: #c8c8c8; --k7: #b79be0; } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 28px 24px 60px; max-width: 1024px; background: var(--paper);
  color: var(--ink); font: 14px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 22px; font-weight: 600; margin: 0 }
h2 { font-size: 15px; font-weight: 600; margin: 34px 0 8px }
p { margin: 4px 0 } .quiet { color: var(--quiet) } code { font: 12px/1.5 ui-monospace, monospace;
  overflow-wrap: anywhere; }
.said { margin: 18px 0 26px; padding: 0; list-style: none; font-size: 16px } .said li { margin: 4px 0 }
.row { display: flex; flex-wrap: wrap; gap: 18px 16px; margin: 18px 0 }
svg { max-width: 100%; height: auto; display: block; overflow: visible;
  font: 11px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
svg text { fill: var(--ink) } svg .title { font-size: 13px; font-weight: 600 }
svg .tick { fill: var(--quiet) } svg .end { text-anchor: end } svg .middle { text-anchor: middle }
svg .name { font-weight: 600 } svg .figure { fill: var(--quiet) }
svg .rule { stroke: var(--rule) } svg .floor { stroke: var(--quiet); stroke-width: .8 }
svg .line { fill: none; stroke-width: 1.8; stroke-linejoin: round } svg .faint { stroke-width: .9;
  opacity: .35 } svg .near { fill: transparent }
svg .whisker { stroke: var(--ink); stroke-width: 1 } svg .hollow { fill-opacity: .18 }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums;
  font-size: 12.5px; white-space: nowrap }
th, td { padding: 3px 0 3px 16px; text-align: right } th:first-child, td:first-child { padding-left: 0;
  text-align: left } th { font-weight: 500; color: var(--quiet);
  border-bottom: 1px solid var(--quiet) } td { border-bottom: 1px solid var(--rule) }
td.words { text-align: left; white-space: normal }
)";

}  // namespace lode::bench
