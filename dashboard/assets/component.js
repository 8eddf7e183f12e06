// What the components share. Everything that comes from data is written as text, never as markup.
const SVG = "http://www.w3.org/2000/svg"
const SHAPES = { "1": "▲", "-1": "▼" }
const known = new WeakMap()

function element(tag, className, text) {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text !== undefined && text !== null && text !== "") node.textContent = text
  return node
}

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  return node
}

// A line through the values that are known, broken where one is not, and the area of the band that was expected of them;
// null when there are fewer than two.
function sparkPath(values, width, top, bottom, band = []) {
  const real = (values ?? []).filter((value) => value !== null)
  if (real.length < 2) return null
  const edges = band.filter((pair) => pair !== null).flat()
  const low = Math.min(...real, ...edges)
  const span = Math.max(...real, ...edges) - low || 1
  const at = (value) => bottom - ((value - low) / span) * (bottom - top)
  let path = ""
  let open = false
  values.forEach((value, index) => {
    const x = (index / (values.length - 1)) * width
    if (value !== null) path += `${open ? "L" : "M"}${x.toFixed(2)} ${at(value).toFixed(2)}`
    open = value !== null
  })
  const last = values[values.length - 1]
  const xs = band.map((pair, index) => (pair === null ? null : (index / (values.length - 1)) * width))
  const stretch = (edge) => band.flatMap((pair, index) => (pair === null ? [] : [`${xs[index].toFixed(2)} ${at(pair[edge]).toFixed(2)}`]))
  const area = edges.length > 2 ? `M${[...stretch(1), ...stretch(0).reverse()].join("L")}Z` : ""
  return { path, area, end: last === null ? null : at(last) }
}

// Says how high the head of a table is, which may take two lines: the selected row of a long list stays right below it.
function measured(root) {
  const head = root.querySelector("thead th")
  if (head) new ResizeObserver(() => root.style.setProperty("--head", `${head.offsetHeight}px`)).observe(head)
}

// Draws only when what is to be drawn has changed; `state.send` always is the latest way back to the server.
function redrawn(component, draw) {
  const { parentElement, data, setTriggerValue } = component
  const state = known.get(parentElement) ?? { said: "" }
  state.send = setTriggerValue
  known.set(parentElement, state)
  const said = JSON.stringify(data)
  if (state.said === said) return
  state.said = said
  const root = parentElement.querySelector(".root")
  const focused = parentElement.activeElement?.dataset?.code
  draw(root, data, (code) => state.send("opened", code))
  measured(root)
  if (focused) [...root.querySelectorAll("[data-code]")].find((node) => node.dataset.code === focused)?.focus()
}
