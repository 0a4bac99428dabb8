// Waits for another device: the server says when there is something new, and the page is loaded again. Where it cannot
// say so, the page asks every few seconds.
"use strict";
(() => {
  const at = document.getElementById("wait");
  if (!at) return;
  const again = () => {
    if (at.dataset.next) document.getElementById("next").requestSubmit();
    else location.replace(location.href);
  };
  const poll = () => setTimeout(() => location.replace(location.href), 3000);
  if (at.dataset.refresh > 0) setTimeout(() => location.replace(location.href), at.dataset.refresh * 1000);
  if (!window.EventSource) return poll();
  const source = new EventSource(at.dataset.events);
  source.addEventListener("changed", () => { source.close(); again(); });
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) poll(); });
  addEventListener("pagehide", () => source.close());
})();
