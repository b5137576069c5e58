// Builds each page as one file without references to others: script and style are inside, and allowed by their hashes.
// MediaPipe Pose, with which the search page finds a person in pictures, is copied beside it: its wasm and models are too
// large for one file, and are only loaded when they are needed.
import { createHash } from "node:crypto";
import { copyFile, mkdir } from "node:fs/promises";
import { build } from "vite";

/** The pages, and what their content security policies allow besides their own script and style. */
const PAGES = {
  report: { scripts: "", others: [] },
  map: { scripts: "", others: [] },
  search: {
    scripts: " 'self' 'wasm-unsafe-eval'", // MediaPipe Pose
    others: ["connect-src 'self'", "img-src data:", "media-src blob:"],
  },
};
const VIEWER = "../mretrieve/viewer";
/** The part of @mediapipe/pose that current browsers load for the model of medium size. */
const POSE_FILES = [
  "pose.js",
  "pose_web.binarypb",
  "pose_solution_packed_assets_loader.js",
  "pose_solution_packed_assets.data",
  "pose_solution_simd_wasm_bin.js",
  "pose_solution_simd_wasm_bin.wasm",
  "pose_landmark_full.tflite",
];

const hashOf = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const oneFile = ({ scripts, others }) => ({
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
      `script-src ${hashOf(script)}${scripts}`,
      `style-src ${hashOf(style)}`,
      ...others,
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
      outDir: VIEWER,
      emptyOutDir: at === 0,
      target: "es2022",
      modulePreload: false,
      rollupOptions: { input: `${page}.html` },
    },
  });
}

await mkdir(`${VIEWER}/pose`);
for (const file of POSE_FILES) await copyFile(`node_modules/@mediapipe/pose/${file}`, `${VIEWER}/pose/${file}`);
