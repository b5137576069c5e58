// Builds each page as one file without references to others: script and style are inside, and allowed by their hashes.
import { createHash } from "node:crypto";
import { build } from "vite";

/** The pages, and what their content security policies allow besides their own script and style. */
const PAGES = { report: [], search: ["connect-src 'self'", "img-src data:"] };

const hashOf = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const oneFile = (allowed) => ({
  name: "one-file",
  enforce: "post",
  generateBundle(_options, bundle) {
    const files = Object.values(bundle);
    const page = files.find((file) => file.fileName.endsWith(".html"));
    const script = files.find((file) => file.type === "chunk").code.trim();
    const style = String(files.find((file) => file.fileName.endsWith(".css")).source).trim();
    if (/<\/(script|style)|<!--/i.test(script + style)) throw new Error("the script would end its own element");
    const policy = [
      "default-src 'none'",
      `script-src ${hashOf(script)}`,
      `style-src ${hashOf(style)}`,
      ...allowed,
      "base-uri 'none'",
      "form-action 'none'",
    ].join("; ");
    page.source = String(page.source)
      .replace(/\s*<script\b[^>]*><\/script>/, "")
      .replace(/\s*<link rel="stylesheet"[^>]*>/, "")
      .replace("<!-- policy -->", () => `<meta http-equiv="Content-Security-Policy" content="${policy}">`)
      .replace("<!-- style -->", () => `<style>${style}</style>`)
      .replace("<!-- script -->", () => `<script type="module">${script}</script>`);
    for (const file of files) if (file !== page) delete bundle[file.fileName];
  },
});

for (const [at, [page, allowed]] of Object.entries(PAGES).entries()) {
  await build({
    configFile: false,
    logLevel: "warn",
    plugins: [oneFile(allowed)],
    build: {
      outDir: "../mretrieve/viewer",
      emptyOutDir: at === 0,
      target: "es2022",
      modulePreload: false,
      rollupOptions: { input: `${page}.html` },
    },
  });
}
