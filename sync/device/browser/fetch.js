// Lets a request ask for a plain fetch by a header: no cookies, no redirects, no cache. urllib3 has no option for that.
// One expression; `javascript.py` evaluates it, once per worker. Other fetches pass unchanged.
((marker) => {
  const original = globalThis.fetch;
  globalThis.fetch = (resource, options) => {
    const given = Object.entries(options?.headers ?? {});
    const headers = Object.fromEntries(given.filter(([name]) => name.toLowerCase() !== marker));
    if (Object.keys(headers).length === given.length) return original(resource, options);
    return original(resource, { ...options, headers, credentials: "omit", redirect: "error", cache: "no-store" });
  };
})
