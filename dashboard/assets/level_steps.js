// A card for each level, with a bar as long as its figure is large.
function changeOf(item) {
  const line = element("div")
  line.title = item.detail
  line.append(element("span", "label", item.label))
  const text = element("span", item.tone === "neutral" ? "" : item.tone)
  const direction = SHAPES[String(item.direction)]
  if (direction) text.append(element("span", "shape", direction))
  text.append(item.text)
  line.append(text)
  return line
}

function stepOf(step, open) {
  const node = element("button", `step ${step.selected ? "selected" : ""}`.trim())
  node.dataset.code = step.code
  node.setAttribute("aria-label", step.title)
  node.setAttribute("aria-pressed", String(step.selected))
  node.onclick = () => open(step.code)
  const top = element("span", "top")
  top.append(element("b", "", step.name))
  if (step.few) {
    const few = element("span", "few", step.few)
    few.title = step.reason
    top.append(few)
  }
  const value = element("span", step.unit ? "value" : "value word", step.value)
  if (step.unit) value.append(element("span", "unit", step.unit))
  const bar = element("span", "bar")
  bar.style.setProperty("--share", step.bar)
  const changes = element("span", "changes")
  changes.append(...step.changes.map(changeOf))
  node.append(top, value, bar, element("span", "persons", step.persons))
  node.append(element("span", "quiet", step.size || "\u00a0"), element("span", "quiet", step.share || "\u00a0"), changes)
  return node
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    if (!data.steps.length) {
      root.replaceChildren(element("div", "empty", data.empty))
      return
    }
    const steps = element("div", "steps")
    steps.setAttribute("role", "group")
    steps.setAttribute("aria-label", data.label)
    steps.append(...data.steps.map((step) => stepOf(step, open)))
    root.replaceChildren(steps)
    if (data.foot) root.append(element("div", "foot", data.foot))
  })
}
