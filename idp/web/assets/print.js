// Shows the button that prints. Without it the citizen writes the codes down.
"use strict";
(() => {
  const button = document.querySelector("[data-print]");
  button.hidden = false;
  button.addEventListener("click", (e) => { e.preventDefault(); print(); });
})();
