// Draws the charts. Expressions are interpreted (`ast`), for the page's policy lets nothing be compiled from text.
(async () => {
  const narrow = document.documentElement.clientWidth < 560;
  const config = {
    font: getComputedStyle(document.body).fontFamily,
    axis: { labelFontSize: 12, titleFontSize: 12, labelLimit: narrow ? 120 : 280, tickColor: "#8592a3", domainColor: "#8592a3" },
    legend: { labelFontSize: 12, titleFontSize: 12 },
    text: { fontSize: 12 },
    view: { stroke: null },
  };
  for (const chart of document.querySelectorAll("[data-chart]")) {
    const spec = JSON.parse(document.getElementById(chart.dataset.chart).textContent);
    try {
      await vegaEmbed(chart, spec, { mode: "vega-lite", renderer: "svg", actions: false, ast: true, config });
    } catch (error) {
      chart.textContent = "This chart could not be drawn; the table below holds its numbers.";
      console.error(error);
    }
  }
  document.documentElement.dataset.ready = "yes";
})();
