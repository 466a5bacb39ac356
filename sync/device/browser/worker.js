// Loads Pyodide and the application's archive, then runs the Python that the page sends, one piece after the other.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const HOME = "/home/pyodide";
const ready = start();

async function start() {
  const archive = fetch("app.tar.gz").then((answer) => {
    if (!answer.ok) throw new Error(`app.tar.gz: ${answer.status}`);
    return answer.arrayBuffer();
  });
  const pyodide = await loadPyodide();
  pyodide.unpackArchive(await archive, "gztar", { extractDir: HOME });
  pyodide.runPython(`import sys; sys.path[:0] = ["${HOME}", "${HOME}/__pypackages__"]`);
  return pyodide;
}

self.onmessage = async ({ data: { number, source } }) => {
  try {
    const pyodide = await ready;
    self.postMessage({ number, value: await pyodide.runPythonAsync(source) });
  } catch (problem) {
    self.postMessage({ number, problem: String(problem.message ?? problem) });
  }
};
