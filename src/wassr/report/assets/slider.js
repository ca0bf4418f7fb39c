// Two ways to enlarge the same pictures, one over the other. One divider for all pictures, one choice for each side.
"use strict";
(() => {
  const stacks = [...document.querySelectorAll(".stack")];
  const choices = [...document.querySelectorAll("#sides select")];

  function divide(percent) {
    for (const stack of stacks) {
      stack.style.setProperty("--at", `${percent}%`);
      stack.querySelector("input").value = percent;
    }
  }

  function choose(side, column, words) {
    for (const stack of stacks) {
      for (const image of stack.querySelectorAll("img")) image.classList.toggle(side, image.dataset.column === column);
      stack.querySelector(`b.${side}`).textContent = words;
    }
  }

  function show(select) {
    choose(select.dataset.side, select.value, select.selectedOptions[0].textContent);
  }

  for (const stack of stacks) {
    const input = stack.querySelector("input");
    input.addEventListener("input", () => divide(input.value));
  }
  for (const select of choices) {
    select.addEventListener("change", () => show(select));
    show(select);
  }
})();
