// Horizontal bars with their names and figures; a bar that opens something is a button in its name.
function lineOf(bar, open) {
  const line = element("div", ["line", bar.quiet ? "quiet" : "", bar.open ? "open" : ""].filter(Boolean).join(" "))
  line.setAttribute("role", "listitem")
  line.title = bar.title
  const name = element(bar.open ? "button" : "span", "name", bar.name)
  if (bar.open) {
    name.type = "button"
    name.dataset.code = bar.key
    name.setAttribute("aria-label", bar.title)
    line.onclick = () => open(bar.key)
  }
  const track = element("span", "track")
  const filled = element("span", "bar")
  filled.style.left = `${(bar.start * 100).toFixed(2)}%`
  filled.style.width = `${(bar.length * 100).toFixed(2)}%`
  track.append(filled)
  const figure = element("span", "figure", bar.text)
  if (bar.unit) figure.append(element("span", "unit", bar.unit))
  line.append(name, track, figure)
  if (bar.note) line.append(element("span", "note", bar.note))
  return line
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    const list = element("div", data.bars.some((bar) => bar.note) ? "list noted" : "list")
    list.setAttribute("role", "list")
    list.setAttribute("aria-label", data.label)
    list.append(...(data.bars.length ? data.bars.map((bar) => lineOf(bar, open)) : [element("div", "empty", data.empty)]))
    root.replaceChildren(list)
    if (data.foot) root.append(element("div", "foot", data.foot))
  })
}
