(import 'missing.libsonnet') + { family: 'api' }
