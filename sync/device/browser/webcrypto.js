// Ed25519 keys that cannot be read out, kept in IndexedDB. One expression; `javascript.py` evaluates it.
(() => {
  const STORE = "keys";

  const open = (home) => new Promise((resolve, reject) => {
    const request = indexedDB.open(`${home}-keys`, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

  // One transaction; it resolves when the browser has completed it, for a strict one: when it is on the disk.
  async function transaction(home, mode, work) {
    const database = await open(home);
    try {
      return await new Promise((resolve, reject) => {
        const running = database.transaction(STORE, mode, { durability: "strict" });
        const request = work(running.objectStore(STORE));
        running.oncomplete = () => resolve(request.result);
        running.onabort = () => reject(running.error ?? request.error);
      });
    } finally {
      database.close();
    }
  }

  // `add` refuses a name that is taken, with ConstraintError, even when two tabs try at once.
  async function create(home, name) {
    const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
    await transaction(home, "readwrite", (store) => store.add(pair, name));
  }

  async function load(home, name) {
    const pair = await transaction(home, "readonly", (store) => store.get(name));
    if (!pair) return undefined; // None in Python; null would be an object of its own
    return { secret: pair.privateKey, open: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)) };
  }

  async function sign(secret, message) {
    return new Uint8Array(await crypto.subtle.sign("Ed25519", secret, message));
  }

  async function verify(open, message, signature) {
    try {
      const key = await crypto.subtle.importKey("raw", open, { name: "Ed25519" }, false, ["verify"]);
      return await crypto.subtle.verify("Ed25519", key, signature, message);
    } catch {
      return false;
    }
  }

  return { create, load, sign, verify };
})()
