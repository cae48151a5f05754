"""timm and torchvision come without PyTorch's compiler, and nothing of the stand-in is left behind."""

import subprocess
import sys

LEFT = "print([name for name in ('torch._dynamo', 'torch._dynamo.utils', 'sympy') if name in sys.modules])"


def said(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", f"import sys\n{code}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_networks_load_without_the_compiler() -> None:
    code = (
        "import headstart.backbones.networks as n; n.create('tf_efficientnet_lite0'); n.create('torchvision/resnet18')"
    )
    assert said(f"{code}; {LEFT}") == ["[]"]


def test_measuring_and_training_do_without_it_too() -> None:
    code = """
import headstart as hs
import numpy as np
pictures = [np.full((40, 40, 3), 10 * k, np.uint8) for k in range(24)]
model = hs.ImageClassifier(strategy="partial", image_size=64, epochs=1).fit(pictures, [k % 2 for k in range(24)])
"""
    assert said(code + "print('torch._dynamo' in sys.modules)") == ["False"]


def test_the_compiler_still_works_and_hides_what_it_should() -> None:
    code = """
import torch
from headstart.backbones.libraries import timm
from timm.models.naflexvit import NaFlexRopeIterator
print(torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)).item())
print(sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu"))
hidden = sys.modules["headstart.backbones.compiler"]._disable(lambda: torch.compiler.is_compiling())
print(torch.compile(lambda: hidden(), backend="eager")())
"""
    assert said(code) == ["2.0", "True", "False"]


def test_a_compiler_that_is_there_stays() -> None:
    code = "import torch._dynamo as real; import headstart.backbones.libraries"
    assert said(f"{code}; print(sys.modules['torch._dynamo'] is real)") == ["True"]


def test_libraries_that_need_more_of_it_get_it() -> None:
    code = """
import headstart.backbones.libraries as libraries
from types import ModuleType
import importlib
asked = []
class Needy:
    def find_spec(self, name, path=None, target=None):
        if name == "needy":
            return importlib.util.spec_from_loader(name, self)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        from torch._dynamo import optimize
        module.optimize = optimize
import importlib.util
sys.meta_path.insert(0, Needy())
libraries._import(("needy",))
import torch._dynamo
print(sys.modules["needy"].optimize is torch._dynamo.optimize)
"""
    assert said(code) == ["True"]
