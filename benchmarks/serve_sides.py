"""The servers that `serve_peers.py` measures besides headstart's, each as its own documentation shows.

Run by that script: LitServe and BentoML in environments of their own, the naive side in headstart's. Nothing of
headstart is imported. The environment variable SIDE holds, as JSON: the folder with what is served (``network.onnx``,
``head.npz``, ``about.json``), and the settings of this side.

Preprocessing is written by hand, as users of these servers must. ONNX sides also decode a JPEG at a reduced scale where
that is enough, as headstart does: what is compared is serving, not decoding.
"""

import io
import json
import os
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image, ImageOps

SIDE: dict[str, Any] = json.loads(os.environ.get("SIDE", '{"folder": ".", "port": 0, "settings": {}}'))
FOLDER, PORT, SETTINGS = Path(SIDE["folder"]), int(SIDE["port"]), SIDE["settings"]


class Prepared:
    """The exported network, its head and its preprocessing."""

    def __init__(self) -> None:
        import onnxruntime

        self.about: dict[str, Any] = json.loads((FOLDER / "about.json").read_text())
        self.head = np.load(FOLDER / "head.npz")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(SETTINGS.get("threads", 2))
        self.session = onnxruntime.InferenceSession(
            FOLDER / "network.onnx", options, providers=["CPUExecutionProvider"]
        )
        self.mean = np.array(self.about["mean"], np.float32) * 255
        self.std = np.array(self.about["std"], np.float32) * 255

    def array(self, data: bytes) -> Any:
        """Return a picture as the network sees it, (3, side, side) float32."""
        image: Any = Image.open(io.BytesIO(data))
        short, side = self.about["short_side"], self.about["side"]
        scale = 2 * short / min(image.size)
        image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
        image = ImageOps.exif_transpose(image).convert("RGB")
        scale = short / min(image.size)
        size = (max(short, round(image.width * scale)), max(short, round(image.height * scale)))
        image = image.resize(size, Image.Resampling[self.about["interpolation"].upper()])
        left, top = round((image.width - side) / 2), round((image.height - side) / 2)
        pixels = np.asarray(image.crop((left, top, left + side, top + side)), np.float32)
        return ((pixels - self.mean) / self.std).transpose(2, 0, 1)

    def answers(self, batch: Any) -> list[dict[str, Any]]:
        """Return label and probabilities of pictures, (n, 3, side, side)."""
        features = self.session.run(["features"], {"pictures": batch})[0]
        scores = (features @ self.head["weight"].T + self.head["bias"]) / self.about["temperature"]
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        names = self.about["classes"]
        return [
            {"label": names[int(row.argmax())], "probabilities": dict(zip(names, row.tolist(), strict=True))}
            for row in shares
        ]


def bentoml_service() -> Any:
    """Return the service that BentoML asks for: one method, in batches where these are set."""
    import bentoml
    from bentoml.validators import ContentType

    Picture = Annotated[Path, ContentType("image/jpeg")]
    several = SETTINGS["batch"] > 1
    options = {"batchable": True, "max_batch_size": SETTINGS["batch"], "max_latency_ms": SETTINGS["latency"]}

    class Classifier:
        def __init__(self) -> None:
            self.prepared = Prepared()

        if several:

            @bentoml.api(**options)  # type: ignore[untyped-decorator]
            def predict(self, pictures: list[Picture]) -> list[dict[str, Any]]:
                return self.prepared.answers(np.stack([self.prepared.array(one.read_bytes()) for one in pictures]))

        else:

            @bentoml.api  # type: ignore[untyped-decorator]
            def predict(self, pictures: Picture) -> dict[str, Any]:
                return self.prepared.answers(self.prepared.array(pictures.read_bytes())[None])[0]

    return bentoml.service(workers=SETTINGS["workers"], traffic={"timeout": 60})(Classifier)


def naive_side() -> None:
    """Serve as tutorials do: FastAPI, Pillow, torchvision's transforms, one forward pass for each request."""
    import timm
    import torch
    import uvicorn
    from fastapi import FastAPI, UploadFile
    from safetensors.torch import load_file
    from torchvision import transforms

    about = json.loads((FOLDER / "about.json").read_text())
    head = np.load(FOLDER / "head.npz")
    network = timm.create_model(about["architecture"], pretrained=False, num_classes=0)
    network.load_state_dict(load_file(FOLDER / "network.safetensors"))
    linear = torch.nn.Linear(head["weight"].shape[1], head["weight"].shape[0])
    linear.load_state_dict({name: torch.from_numpy(head[name]).float() for name in ("weight", "bias")})
    model = torch.nn.Sequential(network, linear).eval()
    transform = transforms.Compose(
        [
            transforms.Resize(about["short_side"], transforms.InterpolationMode(about["interpolation"])),
            transforms.CenterCrop(about["side"]),
            transforms.ToTensor(),
            transforms.Normalize(about["mean"], about["std"]),
        ]
    )
    app = FastAPI()

    @app.get("/livez")
    def live() -> str:
        return "yes"

    @app.post("/predict")
    async def predict(file: UploadFile) -> dict[str, Any]:
        image = Image.open(io.BytesIO(await file.read())).convert("RGB")
        with torch.no_grad():
            shares = torch.softmax(model(transform(image).unsqueeze(0)) / about["temperature"], dim=1)[0]
        names = about["classes"]
        found = dict(zip(names, shares.tolist(), strict=True))
        return {"label": names[int(shares.argmax())], "probabilities": found}

    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")


if SIDE.get("side") == "litserve":  # its workers import this module again, and must find the class in it
    import litserve
    from fastapi import UploadFile

    class Classifier(litserve.LitAPI):  # type: ignore[misc]
        """The class that LitServe asks for: multipart upload, batches where these are set."""

        def setup(self, device: str) -> None:  # noqa: ARG002
            """Load it."""
            self.prepared = Prepared()

        def decode_request(self, request: UploadFile) -> Any:
            """Return the picture as the network sees it."""
            return self.prepared.array(request.file.read())

        def predict(self, x: Any) -> Any:
            """Return the answers."""
            found = self.prepared.answers(np.asarray(x, np.float32).reshape(-1, *x.shape[-3:]))
            return found if SETTINGS["batch"] > 1 else found[0]

        if SETTINGS["batch"] > 1:

            def batch(self, inputs: list[Any]) -> Any:
                """Return one array of several."""
                return np.stack(inputs)

            def unbatch(self, output: list[Any]) -> list[Any]:
                """Return the answers one by one."""
                return output

        def encode_response(self, output: Any) -> Any:
            """Return the answer."""
            return output


if SIDE.get("side") == "bentoml":
    Served = bentoml_service()

if __name__ == "__main__" and SIDE.get("side") == "litserve":
    litserve.LitServer(
        Classifier(max_batch_size=SETTINGS["batch"], batch_timeout=SETTINGS["wait"]),
        accelerator="cpu",
        workers_per_device=SETTINGS["workers"],
        fast_queue=SETTINGS["fast_queue"],
        timeout=60,
    ).run(host="127.0.0.1", port=PORT, generate_client_file=False, log_level="error", num_api_servers=1)
elif __name__ == "__main__":
    naive_side()
