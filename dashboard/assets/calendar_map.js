// A square a day. As many of the latest weeks as there is room for, between half a year and a year.
const FEWEST = 26
const MOST = 53
const NARROWEST = 1.28

function square(day, open) {
  if (day === null) return element("span")
  const classes = ["day", day.hidden ? "hidden" : day.shade < 0 ? "none" : `k${day.shade}`]
  for (const name of ["ring", "holiday", "selected"]) if (day[name]) classes.push(name)
  const node = element("button", classes.join(" "))
  node.title = day.title
  node.setAttribute("aria-label", day.title)
  node.dataset.code = day.code
  node.tabIndex = -1
  node.onclick = () => open(day.code)
  return node
}

function gridOf(data, weeks, open) {
  const grid = element("div", "grid")
  grid.setAttribute("role", "group")
  grid.setAttribute("aria-label", data.label)
  grid.append(element("span", "head"), ...data.weekdays.map((name) => element("span", "head weekday", name)))
  for (const week of weeks) grid.append(element("span", "head month", week.month), ...week.days.map((day) => square(day, open)))
  return grid
}

// One stop of the Tab key; the arrows walk from day to day.
function walked(grid) {
  const days = [...grid.querySelectorAll(".day")]
  const steps = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7 }
  const first = days.findLast((day) => day.classList.contains("selected")) ?? days[days.length - 1]
  if (first) first.tabIndex = 0
  grid.onkeydown = (event) => {
    const place = days.indexOf(event.target)
    const next = days[place + (steps[event.key] ?? 0)]
    if (place < 0 || !(event.key in steps) || !next) return
    event.preventDefault()
    event.target.tabIndex = -1
    next.tabIndex = 0
    next.focus()
  }
}

function explained(data) {
  const row = legendOf(data.legend, data.words)
  for (const [name, text] of [["holiday", data.holiday], ["ring", data.ring]]) {
    if (!text) continue
    const pair = element("span")
    pair.append(element("i", name), text)
    row.append(pair)
  }
  return row
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    root.observer?.disconnect()
    if (!data.weeks.length) {
      root.replaceChildren(element("div", "empty", data.empty))
      return
    }
    let shown = 0
    const draw = () => {
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize)
      const room = Math.floor((root.clientWidth / rem - 1.5) / NARROWEST)
      const wanted = Math.min(Math.max(room, FEWEST), MOST, data.weeks.length)
      if (wanted === shown) return
      shown = wanted
      const grid = gridOf(data, data.weeks.slice(-wanted), open)
      walked(grid)
      root.replaceChildren(grid, explained(data))
    }
    draw()
    root.observer = new ResizeObserver(draw)
    root.observer.observe(root)
  })
}
