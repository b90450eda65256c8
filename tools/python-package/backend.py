"""Builds the wheel of the package with the standard library alone, so that pip needs no network and writes nothing beside the
sources (PEP 517 and 660). A value in pyproject.toml is a string or a list of strings in one line."""
import ast
import base64
import hashlib
import io
import os
import re
import tarfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
WHEEL = "Wheel-Version: 1.0\nGenerator: mckean\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def project():
    with open(os.path.join(HERE, "pyproject.toml")) as file:
        return {key: ast.literal_eval(value) for key, value in re.findall(r'^([\w-]+) = (["[].*)$', file.read(), re.M)}


def metadata():
    about = project()
    lines = ["Metadata-Version: 2.1", f"Name: {about['name']}", f"Version: {about['version']}", f"Summary: {about['description']}",
             f"License: {about['license']}", f"Requires-Python: {about['requires-python']}", "Provides-Extra: all"]
    lines += [f"Requires-Dist: {name}" for name in about["dependencies"]]
    return "\n".join(lines + [f"Requires-Dist: {name}; extra == 'all'" for name in about["all"]]) + "\n"


def stem():
    return "{name}-{version}".format(**project())


def sources():
    """Returns {name in the wheel: bytes} of the modules."""
    found = {}
    for name in sorted(os.listdir(os.path.join(HERE, "mckean"))):
        if name.endswith(".py"):
            with open(os.path.join(HERE, "mckean", name), "rb") as file:
                found[f"mckean/{name}"] = file.read()
    return found


def write_wheel(folder, files):
    info, record = f"{stem()}.dist-info", []
    files = {**files, f"{info}/METADATA": metadata().encode(), f"{info}/WHEEL": WHEEL.encode()}
    name = f"{stem()}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(content)}\n")
        wheel.writestr(f"{info}/RECORD", "".join(record) + f"{info}/RECORD,,\n")
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, sources())


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, {"mckean.pth": f"{HERE}\n".encode()})


def build_sdist(sdist_directory, config_settings=None):
    name = f"{stem()}.tar.gz"
    with tarfile.open(os.path.join(sdist_directory, name), "w:gz") as archive:
        for path in ("pyproject.toml", "backend.py", *sources()):
            archive.add(os.path.join(HERE, path), f"{stem()}/{path}")
        about = tarfile.TarInfo(f"{stem()}/PKG-INFO")
        about.size = len(metadata().encode())
        archive.addfile(about, io.BytesIO(metadata().encode()))
    return name
