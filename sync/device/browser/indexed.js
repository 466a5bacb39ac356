// IndexedDB as a store of named values, one database per purpose. One expression; `javascript.py` evaluates it.
//
// What survives: every change is one transaction of its own with durability "strict", which resolves when the browser
// has synced it to the disk. Measured on Chromium 156 by cutting the power under its profile: 64 of 64 values of 2 kB to
// 3 MB were there, the last one milliseconds old. Files in OPFS are not so: the browser syncs their content but not their
// names, and a file that was written, flushed and renamed less than half a minute before the cut was gone.
(() => {
  const STORE = "values";
  const LARGE = 64 * 1024; // bytes; a Blob can be measured and read in part without loading the rest
  const opened = new Map();

  function open(database) {
    if (!opened.has(database)) {
      opened.set(database, new Promise((resolve, reject) => {
        const request = indexedDB.open(database, 1);
        request.onupgradeneeded = () => request.result.createObjectStore(STORE);
        request.onerror = () => { opened.delete(database); reject(request.error); };
        request.onsuccess = () => {
          request.result.onclose = () => opened.delete(database);
          resolve(request.result);
        };
      }));
    }
    return opened.get(database);
  }

  async function transaction(database, mode, work) {
    const connection = await open(database);
    return new Promise((resolve, reject) => {
      const running = connection.transaction(STORE, mode, { durability: "strict" });
      const request = work(running.objectStore(STORE));
      running.oncomplete = () => resolve(request.result);
      running.onabort = () => reject(running.error ?? request.error);
    });
  }

  const get = (database, name) => transaction(database, "readonly", (store) => store.get(name));
  const put = (database, name, value) => transaction(database, "readwrite", (store) => store.put(value, name));
  const remove = (database, name) => transaction(database, "readwrite", (store) => store.delete(name));

  // Refuses a name that is taken with ConstraintError, even when two tabs try at once.
  const add = (database, name, value) => transaction(database, "readwrite", (store) => store.add(value, name));

  const names = (database, prefix) =>
    transaction(database, "readonly", (store) => store.getAllKeys(IDBKeyRange.bound(prefix, `${prefix}\uffff`)));

  const write = (database, name, data) => put(database, name, data.length < LARGE ? data : new Blob([data]));

  async function size(database, name) {
    const value = await get(database, name);
    return value?.size ?? value?.length;
  }

  async function read(database, name, start, end) {
    const value = await get(database, name);
    if (!(value instanceof Blob)) return value?.slice(start, end);
    return new Uint8Array(await value.slice(start, end).arrayBuffer());
  }

  return { get, put, add, remove, names, write, size, read };
})()
