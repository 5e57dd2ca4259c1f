"""Writes a small OCI image layout with one image tagged v1, whose program says hello or what is given, into the directory given."""
import gzip
import hashlib
import io
import json
import pathlib
import sys
import tarfile

root = pathlib.Path(sys.argv[1])
words = sys.argv[2] if len(sys.argv) > 2 else "hello"
blobs = root / "blobs" / "sha256"
blobs.mkdir(parents=True)


def blob(data):
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as tar:
    script = f"#!/bin/sh\necho {words}\n".encode()
    entry = tarfile.TarInfo("app")
    entry.size, entry.mode = len(script), 0o755
    tar.addfile(entry, io.BytesIO(script))
layer_tar = archive.getvalue()
config = {
    "architecture": "amd64",
    "os": "linux",
    "config": {"Entrypoint": ["/app"], "Labels": {"tagboat.sandbox.log": "hello"}},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer_tar).hexdigest()]},
}
kind = "application/vnd.oci.image."
manifest = {
    "schemaVersion": 2,
    "mediaType": kind + "manifest.v1+json",
    "config": {"mediaType": kind + "config.v1+json", **blob(json.dumps(config).encode())},
    "layers": [{"mediaType": kind + "layer.v1.tar+gzip", **blob(gzip.compress(layer_tar, mtime=0))}],
}
index = {
    "schemaVersion": 2,
    "manifests": [{
        "mediaType": manifest["mediaType"],
        "annotations": {"org.opencontainers.image.ref.name": "v1"},
        **blob(json.dumps(manifest).encode()),
    }],
}
(root / "index.json").write_text(json.dumps(index))
(root / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
