// A step flow: boxes from left to right, the part that is still open hatched.
function rateOf(rate) {
  const line = element("span", "rate")
  line.title = rate.title
  line.append(element("span", "label", rate.label), element("span", rate.known ? "number" : "number word", rate.value))
  if (rate.parts) line.append(element("span", "parts", rate.parts))
  if (rate.doubt) line.append(element("span", "doubt", rate.doubt))
  return line
}

function partsOf(segments) {
  const line = element("div", "line")
  for (const segment of segments) {
    const part = element("span", "part")
    part.append(element("i", segment.tone), element("span", "label", `${segment.label} `), segment.text)
    part.title = `${segment.label} ${segment.text}，${segment.percent}`
    line.append(part)
  }
  return line
}

function barOf(segments) {
  const track = element("div", "track")
  for (const segment of segments) {
    const node = element("div", `segment ${segment.tone}`)
    node.style.width = `${(segment.share * 100).toFixed(3)}%`
    node.title = `${segment.label || ""} ${segment.text}，${segment.percent}`.trim()
    track.append(node)
  }
  return track
}

function stepOf(step, open) {
  const box = element("div", "step")
  box.setAttribute("role", "listitem")
  box.setAttribute("aria-label", step.alt)
  const head = element("div", "head")
  const name = element(step.open ? "button" : "span", "name", step.label)
  if (step.title) name.title = step.title
  if (step.open) {
    name.dataset.code = step.key
    name.onclick = () => open(step.key)
  }
  head.append(name, element("span", "base", step.base))
  const middle = element("div", "head")
  const value = element("span", step.hidden ? "value word" : "value", step.value)
  if (step.unit) value.append(element("span", "unit", step.unit))
  middle.append(value)
  if (step.of_first) {
    const share = element("span", "share", `${step.of_first.label} ${step.of_first.value}`)
    share.title = step.of_first.parts
    middle.append(share)
  }
  box.append(head, middle)
  if (step.note) box.append(element("div", "base", step.note))
  if (step.hidden) return box
  const lines = element("div", "lines")
  const rates = element("div", "line")
  rates.append(...step.rates.map(rateOf))
  lines.append(rates)
  const named = step.segments.filter((segment) => segment.label)
  if (named.length) lines.append(partsOf(named))
  box.append(barOf(step.segments), lines)
  return box
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    if (!data.steps.length) return root.replaceChildren(element("div", "empty", data.empty))
    const flow = element("div", "flow")
    flow.setAttribute("role", "list")
    flow.setAttribute("aria-label", data.label)
    data.steps.forEach((step, index) => {
      if (index) {
        const arrow = element("div", "arrow", "›")
        arrow.setAttribute("aria-hidden", "true")
        flow.append(arrow)
      }
      flow.append(stepOf(step, open))
    })
    root.replaceChildren(flow)
    if (data.foot) root.append(element("div", "foot", data.foot))
  })
}
