// Draws the curves of #told into the figures that are there already, with uPlot. What was measured is always shown;
// a smoothed curve lies over it.
"use strict";
(() => {
  const FEW = 40; // points that are shown as they are
  const HEIGHT = 220;
  const told = JSON.parse(document.getElementById("told").textContent);
  if (!told.figures.length) return;
  const log = document.getElementById("log");
  const smoothing = document.getElementById("smoothing");
  const buttons = [...document.querySelectorAll("#tools button")];
  let span = told.whole;
  if (span[0] === span[1]) span = told.whole = [span[0] - 1, span[1] + 1];

  const charts = [...document.querySelectorAll(".chart")].map((figure) => ({
    figure,
    plot: figure.querySelector(".plot"),
    step: figure.querySelector("figcaption output"),
    rows: [...figure.querySelectorAll("li")],
    curves: told.figures[figure.dataset.figure].curves,
    drawn: null,
  }));

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const shown = (chart, i) => chart.rows[i].querySelector("button").getAttribute("aria-pressed") === "true";
  const words = (value) => Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });

  // exponential mean, freed of its beginning at zero
  function smooth(values, weight) {
    let mean = 0;
    let sum = 0;
    return values.map((value) => {
      mean = weight * mean + (1 - weight) * value;
      sum = weight * sum + (1 - weight);
      return mean / sum;
    });
  }

  function series(chart) {
    const weight = Number(smoothing.value);
    const found = [];
    chart.curves.forEach((curve, i) => {
      if (!shown(chart, i) || !curve.x.length) return;
      const stroke = colour(`c${(i % 6) + 1}`);
      const dash = curve.line ? [6, 5] : undefined;
      const smoothed = weight > 0 && curve.x.length > FEW;
      const points = { show: !curve.line && curve.x.length <= FEW, size: 5, fill: stroke };
      const pale = smoothed ? stroke + "55" : stroke;
      found.push({ x: curve.x, y: curve.y, options: { stroke: pale, width: smoothed ? 1 : 2, dash, points } });
      if (smoothed) {
        const over = { stroke, width: 2, dash, points: { show: false } };
        found.push({ x: curve.x, y: smooth(curve.y, weight), options: over });
      }
    });
    return found;
  }

  // a logarithm needs values above zero; where there are others, it bends over a straight middle
  function vertical(all) {
    const values = all.flatMap((one) => one.y);
    const low = Math.min(...values);
    if (!log.checked || !values.length) return {};
    if (low > 0) return { distr: 3, range: (u, min, max) => [min / 1.15, max * 1.15] };
    const sizes = values.map(Math.abs).filter((size) => size > 0).sort((a, b) => a - b);
    return sizes.length ? { distr: 4, asinh: sizes[Math.floor(sizes.length / 10)] } : {};
  }

  // lines through the plot, their words above it as far as there is room
  function marks(u) {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    const written = [];
    ctx.save();
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.lineWidth = ratio;
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    for (const mark of told.marks) {
      if (mark.step < u.scales.x.min || mark.step > u.scales.x.max) continue;
      const x = u.valToPos(mark.step, "x", true);
      ctx.strokeStyle = ctx.fillStyle = colour({ guard: "bad", take: "good" }[mark.kind] || "quiet");
      ctx.setLineDash(mark.kind === "stage" ? [] : [3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const width = ctx.measureText(mark.word).width;
      const left = Math.min(x, bbox.left + bbox.width - width);
      if (written.some(([begin, end]) => left < end && left + width > begin)) continue;
      written.push([left, left + width + 6 * ratio]);
      ctx.fillText(mark.word, left, bbox.top - 3 * ratio);
    }
    ctx.restore();
  }

  // the values at the cursor, or the last ones
  function read(chart) {
    const left = chart.drawn.cursor.left;
    const at = left >= 0 ? chart.drawn.posToVal(left, "x") : Infinity;
    let step = null;
    chart.curves.forEach((curve, i) => {
      let k = curve.x.findIndex((x) => x > at);
      k = k < 0 ? curve.x.length - 1 : k > 0 && at - curve.x[k - 1] < curve.x[k] - at ? k - 1 : k;
      chart.rows[i].querySelector("output").textContent = curve.x.length ? words(curve.y[k]) : "-";
      if (!curve.line && curve.x.length) step = Math.max(step ?? 0, curve.x[k]);
    });
    chart.step.textContent = step === null ? "" : `step ${step}`;
  }

  function zoom(begin, end) {
    span = [Math.max(begin, told.whole[0]), Math.min(end, told.whole[1])];
    if (span[0] >= span[1]) span = told.whole;
    for (const button of buttons) {
      const at = "whole" in button.dataset ? told.whole : [Number(button.dataset.from), Number(button.dataset.to)];
      button.setAttribute("aria-pressed", String(at[0] === span[0] && at[1] === span[1]));
    }
    for (const chart of charts) chart.drawn.setScale("x", { min: span[0], max: span[1] });
  }

  function draw(chart) {
    const all = series(chart);
    const axis = { stroke: colour("quiet"), font: "12px system-ui, sans-serif", ticks: { show: false } };
    const grid = { stroke: colour("line"), width: 1 };
    const options = {
      width: chart.plot.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      padding: [20, 20, 0, 0],
      scales: { x: { time: false, range: (u, min, max) => [min, max] }, y: vertical(all) },
      axes: [
        { ...axis, grid: { show: false }, size: 28, values: (u, splits) => splits.map((v) => v.toLocaleString("en")) },
        { ...axis, grid, size: 52, values: (u, splits) => splits.map((v) => (v === null ? "" : words(v))) },
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: { show: false },
        sync: { key: "run", scales: ["x", null], filters: { pub: (kind) => kind === "mousemove" || kind === "mouseleave" } },
        bind: { dblclick: () => () => zoom(...told.whole) },
      },
      hooks: {
        draw: [marks],
        setCursor: [() => chart.drawn && read(chart)],
        setSelect: [
          (u) => {
            if (u.select.width < 4) return;
            const [begin, end] = [u.select.left, u.select.left + u.select.width].map((left) => u.posToVal(left, "x"));
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            zoom(begin, end);
          },
        ],
      },
      series: [{}, ...all.map((one) => ({ ...one.options, spanGaps: true }))],
    };
    const data = all.length ? uPlot.join(all.map((one) => [one.x, one.y])) : [told.whole];
    if (chart.drawn) chart.drawn.destroy();
    chart.drawn = new uPlot(options, data, chart.plot);
    chart.drawn.setScale("x", { min: span[0], max: span[1] });
    read(chart);
  }

  function drawAll() {
    document.getElementById("smoothing-now").textContent = Number(smoothing.value) || "off";
    for (const chart of charts) draw(chart);
  }

  function step(chart, by) {
    const { drawn } = chart;
    const xs = drawn.data[0];
    const now = drawn.cursor.left >= 0 ? drawn.valToIdx(drawn.posToVal(drawn.cursor.left, "x")) : xs.length;
    const next = Math.max(0, Math.min(xs.length - 1, now + by));
    drawn.setCursor({ left: drawn.valToPos(xs[next], "x"), top: 0 });
  }

  for (const chart of charts) {
    for (const row of chart.rows) {
      const button = row.querySelector("button");
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
        draw(chart);
      });
    }
    chart.plot.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      step(chart, by);
    });
  }
  for (const button of buttons) {
    button.addEventListener("click", () => {
      if ("whole" in button.dataset) zoom(...told.whole);
      else zoom(Number(button.dataset.from), Number(button.dataset.to));
    });
  }
  log.addEventListener("change", drawAll);
  smoothing.addEventListener("input", drawAll);
  addEventListener("resize", () => {
    for (const chart of charts) chart.drawn.setSize({ width: chart.plot.clientWidth, height: HEIGHT });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  // on paper: light, and as wide as the paper's columns
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.print = "";
    drawAll();
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.print;
    drawAll();
  });
  drawAll();
})();
