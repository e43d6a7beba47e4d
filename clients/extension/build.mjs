// Builds the extension into build/extension. A script that Chrome injects must be one file, so each is a build of its own.
// `node build.mjs tests` builds the unit tests, `node build.mjs pages` the pages that tests/e2e/test_extension.py serves.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));
const common = { root, configFile: false, logLevel: "warn" };

/** One classic script without imports. */
function script(entry, name, outDir) {
  return build({
    ...common,
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: false,
      minify: false,
      target: "es2022",
      modulePreload: false,
      lib: { entry, formats: ["iife"], name: "vigil", fileName: () => `${name}.js` },
    },
  });
}

async function extension(outDir) {
  await build({
    ...common,
    base: "./",
    publicDir: "static",
    build: {
      outDir,
      emptyOutDir: true,
      minify: false,
      target: "es2022",
      modulePreload: false,
      rollupOptions: {
        input: "options.html",
        output: { entryFileNames: "[name].js", assetFileNames: "[name][extname]" },
      },
    },
  });
  await script("src/worker/worker.ts", "worker", outDir);
  await script("src/content/content.ts", "content", outDir);
  await script("src/page/page.ts", "page", outDir);
}

const [what = "extension"] = process.argv.slice(2);
if (what === "tests") {
  await build({
    ...common,
    publicDir: false,
    build: {
      outDir: "build",
      emptyOutDir: false,
      ssr: "test/tests.ts",
      target: "node18",
      rollupOptions: { output: { entryFileNames: "tests.mjs" } },
    },
  });
} else if (what === "pages") {
  for (const site of ["chatgpt", "claude", "gemini"]) await script(`test/pages/${site}.ts`, site, "build/pages");
} else {
  await extension("build/extension");
}
