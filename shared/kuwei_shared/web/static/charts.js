// The only file that knows ECharts. Elements with data-chart become drawings;
// colours come from app.css so that charts and tables say the same thing.
"use strict";

const drawings = new Set();
const prefersStill = matchMedia("(prefers-reduced-motion: reduce)").matches;

function colour(tone) {
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--tone-${tone}`);
  return value.trim() || "#0f4c94";
}

function short(value) {
  const size = Math.abs(value);
  if (size >= 1e8) return `${+(value / 1e8).toFixed(2)}亿`;
  if (size >= 1e4) return `${+(value / 1e4).toFixed(2)}万`;
  return value.toLocaleString("zh-CN");
}

function series(one, chart) {
  const line = one.kind === "line";
  return {
    name: one.name,
    type: one.kind,
    data: one.values,
    stack: chart.stacked && !line ? "all" : undefined,
    color: colour(one.tone),
    barMaxWidth: chart.lying ? 14 : 26,
    smooth: false,
    symbolSize: 6,
    lineStyle: { width: 2 },
    label: chart.lying && chart.series.length === 1
      ? { show: true, position: "right", formatter: (p) => short(p.value), color: colour("ink") }
      : undefined,
  };
}

function options(chart) {
  const names = { type: "category", data: chart.categories, inverse: chart.lying, axisTick: { show: false } };
  const figures = { type: "value", minInterval: 1, axisLabel: { formatter: short }, splitLine: { lineStyle: { color: colour("rule") } } };
  if (chart.lying) names.axisLabel = { width: 168, overflow: "truncate" };
  const many = chart.series.length > 1;
  return {
    animation: !prefersStill,
    animationDuration: 300,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: chart.lying ? 64 : 12, top: many ? 36 : 16, bottom: 4, containLabel: true },
    legend: many ? { top: 0, right: 0, itemWidth: 14, itemHeight: 9 } : undefined,
    // Rich text keeps tooltips on the canvas: HTML ones carry style attributes,
    // which the content security policy refuses.
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      valueFormatter: (value) => (value == null ? "—" : `${value.toLocaleString("zh-CN")} ${chart.unit}`),
    },
    xAxis: chart.lying ? figures : names,
    yAxis: chart.lying ? names : figures,
    series: chart.series.map((one) => series(one, chart)),
  };
}

function draw(root) {
  for (const element of root.querySelectorAll("[data-chart]")) {
    if (element.dataset.drawn) continue;
    element.dataset.drawn = "yes";
    const drawing = echarts.init(element, null, { renderer: "canvas" });
    drawing.setOption(options(JSON.parse(element.dataset.chart)));
    drawings.add(drawing);
  }
}

addEventListener("resize", () => drawings.forEach((drawing) => drawing.resize()));
document.addEventListener("htmx:load", (event) => draw(event.detail.elt));
draw(document);
