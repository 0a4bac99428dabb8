// Narrows the list of provinces while typing. Without it the whole list is there.
"use strict";
{
  const form = document.getElementById("provinces");
  const field = form.querySelector(".search");
  const input = field.querySelector("input");
  const status = field.querySelector(".none");
  const areas = [...form.querySelectorAll(".area")];

  const narrow = () => {
    const wanted = input.value.trim().toLowerCase();
    let found = 0;
    for (const area of areas) {
      let here = 0;
      for (const button of area.querySelectorAll("button")) {
        button.hidden = !button.dataset.search.includes(wanted);
        here += !button.hidden;
      }
      area.hidden = here === 0;
      found += here;
    }
    status.textContent = found ? "" : status.dataset.text;
  };

  field.hidden = false;
  input.addEventListener("input", narrow);
  input.addEventListener("keydown", (e) => {
    if (e.key !== "Enter") return;
    e.preventDefault(); // Enter would choose the first province of the whole list
    const left = form.querySelectorAll(".provinces button:not([hidden])");
    if (left.length === 1) left[0].focus();
  });
  narrow(); // the browser may have kept what was typed
}
