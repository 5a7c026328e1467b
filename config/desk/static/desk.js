// A little help; everything works without.
document.documentElement.classList.add("scripted");
for (const box of document.querySelectorAll("[data-all]")) {
  const boxes = () => box.form.querySelectorAll(`input[name="${box.dataset.all}"]`);
  box.addEventListener("change", () => { for (const each of boxes()) each.checked = box.checked; });
}
// "/" goes to the search, as in many programs.
document.addEventListener("keydown", (event) => {
  const field = document.querySelector("input[type=search]");
  const typing = /^(input|textarea|select)$/i.test(event.target.tagName);
  if (event.key === "/" && field && !typing) { event.preventDefault(); field.focus(); }
});
