// Keys for those who work here all day. Without this script everything is reached by Tab.
"use strict";
{
  const help = document.getElementById("keys");
  const toggle = help?.querySelector("[data-off]");
  const stored = "manyou-keys-off";
  let off = false;
  try { off = localStorage.getItem(stored) === "1"; } catch { /* nothing is kept */ }

  const rows = [...document.querySelectorAll("#queue a.open")];
  const sections = [...document.querySelectorAll(".case h2")];
  const stops = rows.length ? rows : sections;
  for (const s of sections) s.tabIndex = -1;

  const move = (by) => {
    if (!stops.length) return;
    const active = document.activeElement;
    let at = stops.indexOf(active);
    if (at < 0 && rows.length) at = rows.findIndex((a) => a.closest("tr").contains(active));
    if (at < 0 && by < 0) at = 0;
    const next = stops[Math.min(Math.max(at + by, 0), stops.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const actions = {
    j: () => move(1),
    k: () => move(-1),
    x: () => document.activeElement?.closest("#queue tr")?.querySelector("input[type=checkbox]")?.click(),
    a: () => {
      const acts = document.getElementById("acts");
      (acts?.querySelector("button, summary, select, input:not([type=hidden])") ?? acts)?.focus();
    },
    u: () => document.querySelector("a[data-up]")?.click(),
    "/": () => document.getElementById("number")?.focus(),
    "?": () => {
      help.open = true;
      help.querySelector("summary").focus();
      help.scrollIntoView({ block: "nearest" });
    },
  };

  if (help) {
    const label = toggle.textContent;
    const show = () => { toggle.textContent = off ? toggle.dataset.off : label; };
    help.hidden = false;
    show();
    toggle.addEventListener("click", () => {
      off = !off;
      try { localStorage.setItem(stored, off ? "1" : "0"); } catch { /* for this page alone */ }
      show();
    });
    document.addEventListener("keydown", (e) => {
      if (off || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
      if (e.target.matches("input:not([type=checkbox], [type=radio]), textarea, select")) {
        if (e.key === "Escape") e.target.blur();
        return;
      }
      const act = actions[e.key];
      if (!act) return;
      e.preventDefault();
      act();
    });
  }
}
