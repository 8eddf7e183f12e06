// Bars by day for each source; behind each bar the range that comparable days let expect.
function dayOf(day) {
  const cell = element("div", `day ${day.tone}`)
  cell.title = day.title
  if (day.high !== null) {
    const band = element("div", "band")
    band.style.bottom = `${(day.low * 100).toFixed(2)}%`
    band.style.height = `${((day.high - day.low) * 100).toFixed(2)}%`
    cell.append(band)
  }
  const bar = element("div", "bar")
  bar.style.height = `${(day.bar * 100).toFixed(2)}%`
  cell.append(bar)
  return cell
}

function rowOf(row, count) {
  const days = element("div", "days")
  days.style.setProperty("--count", count)
  days.append(...row.days.map(dayOf))
  const last = element("div", "last")
  last.append(element("b", "", row.last), element("span", "", row.expected))
  const line = element("div", "row")
  line.append(element("div", "label", row.label), days, last, element("div", `verdict ${row.gaps ? "worse" : "muted"}`, row.verdict))
  return line
}

export default function (component) {
  redrawn(component, (root, data) => {
    root.setAttribute("role", "img")
    root.setAttribute("aria-label", data.label)
    if (!data.rows.length) return root.replaceChildren(element("div", "empty", data.empty))
    const axis = element("div", "row axis")
    const ticks = element("div", "days")
    ticks.style.setProperty("--count", data.days.length)
    ticks.append(...data.days.map((day) => element("div", "tick", day.tick ? day.text : "")))
    axis.append(element("div", "label"), ticks, element("div", "last", `${data.days[data.days.length - 1].text} 送达`), element("div", "verdict"))
    root.replaceChildren(...data.rows.map((row) => rowOf(row, data.days.length)), axis)
  })
}
