// The origin private file system (OPFS), for a worker: a SQLite database's files as an Emscripten file system.
// One expression; `javascript.py` evaluates it.
//
// What survives: a commit. SQLite's fdatasync reaches handle.flush(), which syncs the real file. (Pyodide's own fdatasync
// does nothing; `static_build.py` patches it and `database.py` checks at every start that it is patched.) What does not,
// for a while: a new name. Chromium writes the names of OPFS into a list of its own that it never syncs, so only the
// kernel's write-back makes them durable, within half a minute; a database younger than that is gone after a power cut.
// So the three files are made once, only shrink to nothing afterwards, and `database.py` waits the first time.
(() => {
  const ENOENT = 44, EIO = 29, EINVAL = 28, ENOSPC = 51, EPERM = 63; // Emscripten's numbers
  const DIRECTORY = 0o40777, FILE = 0o100666;
  const PROBE = 2 ** 30, PROBE_STEP = 2 ** 20; // bytes
  const flushes = { database: 0 };

  function missing() {
    if (!navigator.storage?.getDirectory) return "no OPFS: needs https or localhost, and no private window";
    if (!self.FileSystemSyncAccessHandle) return "no synchronous access to files: needs a worker";
    return "";
  }

  async function folder(path, create) {
    let handle = await navigator.storage.getDirectory();
    for (const segment of path.split("/")) handle = await handle.getDirectoryHandle(segment, { create });
    return handle;
  }

  // ---- the database -------------------------------------------------------------------------------------------------

  // Take the files `names` in the folder `path` for this worker alone and show them as Emscripten's folder `point`.
  // Throws NoModificationAllowedError where another tab has them. A file exists for SQLite when it is open or not empty.
  async function mount(FS, path, point, names) {
    const home = await folder(path, true);
    const handles = {};
    try {
      for (const name of names) {
        handles[name] = await (await home.getFileHandle(name, { create: true })).createSyncAccessHandle();
      }
      FS.mkdirTree(point);
      FS.mount(fileSystem(FS, handles), {}, point);
    } catch (problem) {
      for (const handle of Object.values(handles)) handle.close();
      throw problem;
    }
    return {
      unmount() {
        FS.unmount(point);
        for (const handle of Object.values(handles)) handle.close();
      },
    };
  }

  function fileSystem(FS, handles) {
    const nodes = {};
    const exists = (name) => name in nodes || (name in handles && handles[name].getSize() > 0);
    const fail = (number) => { throw new FS.ErrnoError(number); };
    const tried = (work) => {
      try { return work(); } catch (problem) { return fail(problem.name === "QuotaExceededError" ? ENOSPC : EIO); }
    };
    const attributes = (node, size) => ({
      dev: 1, ino: node.id, mode: node.mode, nlink: 1, uid: 0, gid: 0, rdev: 0, size, blksize: 4096,
      blocks: Math.ceil(size / 512), atime: new Date(node.atime), mtime: new Date(node.mtime), ctime: new Date(node.ctime),
    });
    const dated = (node) => { node.atime = node.mtime = node.ctime = Date.now(); return node; };
    const bytes = (buffer, offset, length) => new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);

    function show(parent, name) {
      const node = dated(FS.createNode(parent, name, FILE, 0));
      node.node_ops = ofFile;
      node.stream_ops = ofStream;
      node.handle = handles[name];
      nodes[name] = node;
      return node;
    }

    const ofFolder = {
      lookup: (parent, name) => nodes[name] ?? (exists(name) ? show(parent, name) : fail(ENOENT)),
      mknod: (parent, name) => (name in handles ? show(parent, name) : fail(EPERM)),
      unlink(parent, name) {
        tried(() => { handles[name].truncate(0); handles[name].flush(); });
        flushes.database += 1;
        delete nodes[name];
      },
      readdir: () => [".", "..", ...Object.keys(handles).filter(exists)],
      getattr: (node) => attributes(node, 4096),
      setattr() {},
    };
    const ofFile = {
      getattr: (node) => attributes(node, tried(() => node.handle.getSize())),
      setattr(node, change) {
        if (change.size != null) tried(() => node.handle.truncate(change.size));
        if (change.mode != null) node.mode = change.mode;
      },
    };
    const ofStream = {
      read: (stream, buffer, offset, length, at) =>
        tried(() => stream.node.handle.read(bytes(buffer, offset, length), { at })),
      write: (stream, buffer, offset, length, at) =>
        tried(() => stream.node.handle.write(bytes(buffer, offset, length), { at })),
      llseek(stream, offset, whence) {
        const from = [0, stream.position, tried(() => stream.node.handle.getSize())][whence];
        return from + offset < 0 ? fail(EINVAL) : from + offset;
      },
      fsync(stream) {
        tried(() => stream.node.handle.flush());
        flushes.database += 1;
        return 0;
      },
    };
    return {
      mount() {
        const root = dated(FS.createNode(null, "/", DIRECTORY, 0));
        root.node_ops = ofFolder;
        root.stream_ops = {};
        return root;
      },
    };
  }

  // The names of the folders in `path`, which is made where it is absent.
  async function folders(path) {
    const found = [];
    for await (const [name, handle] of (await folder(path, true)).entries()) {
      if (handle.kind === "directory") found.push(name);
    }
    return found;
  }

  async function makeFolder(path) { await folder(path, true); }

  // ---- space ---------------------------------------------------------------------------------------------------------

  async function place(path, create) {
    const cut = path.lastIndexOf("/");
    return [await folder(path.slice(0, cut), create), path.slice(cut + 1)];
  }

  // A file that takes up real space and gives it back the moment it is removed. Its name may be lost in a power cut.
  async function occupy(path, data) {
    const [home, name] = await place(path, true);
    const handle = await (await home.getFileHandle(name, { create: true })).createSyncAccessHandle();
    try {
      handle.truncate(0);
      if (handle.write(data, { at: 0 }) !== data.length) throw new DOMException("short write", "QuotaExceededError");
      handle.flush();
    } catch (problem) {
      handle.truncate(0);
      throw problem;
    } finally {
      handle.close();
    }
  }

  async function occupied(path) {
    const [home, name] = await place(path, true);
    try { return (await (await home.getFileHandle(name)).getFile()).size; } catch { return 0; }
  }

  async function vacate(path) {
    const [home, name] = await place(path, true);
    await home.removeEntry(name).catch((problem) => { if (problem.name !== "NotFoundError") throw problem; });
  }

  // Gives `work` a function that tells whether the quota has room for so many bytes: a probe file grows, unwritten.
  async function probed(path, work) {
    const [home, name] = await place(path, true);
    const handle = await (await home.getFileHandle(name, { create: true })).createSyncAccessHandle();
    try {
      return work((size) => {
        try { handle.truncate(size); return true; } catch { return false; } finally { handle.truncate(0); }
      });
    } finally {
      handle.close();
    }
  }

  const fits = (path, size) => probed(path, (hasRoom) => hasRoom(size));

  // The space that this origin may still fill, as far as a browser tells: the quota, and not the disk itself, whose lack
  // of space only a failing write shows. Chromium's estimate always claims 10 GiB more than is used, so below PROBE the
  // probe file knows better.
  async function freeBytes(path) {
    const { quota, usage } = await navigator.storage.estimate();
    const claimed = Math.max(0, quota - usage);
    return probed(path, (hasRoom) => {
      if (hasRoom(PROBE)) return claimed;
      let [free, full] = [0, PROBE];
      while (full - free > Math.max(PROBE_STEP, free / 8)) {
        const middle = Math.floor((free + full) / 2);
        if (hasRoom(middle)) free = middle;
        else full = middle;
      }
      return Math.min(free, claimed);
    });
  }

  return { flushes, missing, mount, folders, makeFolder, occupy, occupied, vacate, fits, freeBytes };
})()
