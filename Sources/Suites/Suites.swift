// `embeddedSuites`, the texts of `TestSuites/**.yaml` by path, is written at build time by the EmbedSuites plugin.
