// Nothing that scrolls sideways may be out of reach of the keyboard.
for (const box of document.querySelectorAll(".cell_output table, .bd-article pre, .formula")) {
  const wide = box.scrollWidth > box.clientWidth;
  if (wide) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}
