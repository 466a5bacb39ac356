// Ed25519 with keys that cannot be read out. One expression; `javascript.py` evaluates it.
(() => {
  const generate = () => crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);

  async function publicBytes(pair) {
    return new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  }

  async function sign(pair, message) {
    return new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, message));
  }

  async function verify(open, message, signature) {
    try {
      const key = await crypto.subtle.importKey("raw", open, { name: "Ed25519" }, false, ["verify"]);
      return await crypto.subtle.verify("Ed25519", key, signature, message);
    } catch {
      return false;
    }
  }

  return { generate, publicBytes, sign, verify };
})()
