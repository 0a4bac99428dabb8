// Shows new messages as they arrive: fetches this page once a second and takes over its list when it changed.
"use strict";
(() => {
  const list = document.getElementById("messages");
  const refresh = async () => {
    if (document.hidden) return;
    try {
      const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
      const fresh = page.getElementById("messages");
      if (fresh && fresh.innerHTML !== list.innerHTML) list.replaceChildren(...fresh.children);
    } catch {
      // The demo has stopped, or is about to start again.
    }
  };
  setInterval(refresh, 1000);
  document.addEventListener("visibilitychange", refresh);
})();
