// tus-js-client as a stranger to our server: what a public client makes of it. Prints one JSON line.
//   node tus_client.mjs MODULES ENDPOINT TOKEN FILE SHA256 CHUNK ABORT_AFTER
// With ABORT_AFTER > 0 the upload is torn off in mid-chunk once so many bytes went out, and resumed by a new client.

import { createRequire } from "node:module";
import { createReadStream } from "node:fs";

const [modules, endpoint, token, file, sha256, chunk, abortAfter] = process.argv.slice(2);
const tus = createRequire(modules + "/")("tus-js-client");
const seen = { offsets: [], aborted: false, url: null, resumedFrom: null };

function upload(url, tearAt) {
  return new Promise((resolve, reject) => {
    const one = new tus.Upload(createReadStream(file), {
      endpoint,
      uploadUrl: url,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { sha256, filename: "../../etc/passwd" },
      chunkSize: Number(chunk),
      retryDelays: null,
      storeFingerprintForResuming: false,
      onChunkComplete: (_size, accepted) => {
        if (url !== null && seen.resumedFrom === null) seen.resumedFrom = accepted;
        seen.offsets.push(accepted);
      },
      onProgress: (sent) => {
        if (tearAt && sent >= tearAt && !seen.aborted) {
          seen.aborted = true;
          const at = one.url;
          one.abort().then(() => resolve(at), reject);
        }
      },
      onError: reject,
      onSuccess: () => resolve(one.url),
    });
    one.start();
  });
}

try {
  let url = await upload(null, Number(abortAfter));
  if (seen.aborted) url = await upload(url, 0);
  seen.url = url;
  console.log(JSON.stringify(seen));
} catch (error) {
  console.log(JSON.stringify({ error: String(error), ...seen }));
  process.exit(1);
}
