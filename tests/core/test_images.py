"""Pictures from words."""

from __future__ import annotations

import base64
import copy
import json
import pickle

import pytest

from heroku_emulator import Fault, RawBody
from heroku_inference import ConfigError, GeneratedImage, InvalidResponseError, Reply, Settings
from heroku_inference._endpoints.images import ASPECT_RATIOS, SIZES, read_image

PATH = "/v1/images/generations"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
LONG = "x" * 10_001


def read(*pictures, prompt="a dyno", **more):
    body = json.dumps({"created": 5, "data": list(pictures), **more}).encode()
    request = {"prompt": prompt, "model": "stable-image-ultra"}
    return read_image(Reply(200, {"x-request-id": "r1"}, body), request)


def picture(data=PNG, **more):
    return {"b64_json": base64.b64encode(data).decode(), "revised_prompt": "", **more}


@pytest.mark.parametrize(("name", "mime_type"), [("png", "image/png"), ("jpeg", "image/jpeg")])
def test_a_prompt_becomes_a_picture(emulator, calls, name, mime_type):
    image = calls.generate_image("a dyno at dawn", output_format=name, seed=7)
    assert (image.mime_type, image.prompt) == (mime_type, "a dyno at dawn")
    assert (image.model, image.revised_prompt) == ("stable-image-ultra", None)
    assert image.data[:4] == {"png": b"\x89PNG", "jpeg": b"\xff\xd8\xff\xe0"}[name]
    assert base64.b64decode(image.base64) == image.data
    assert image.created
    assert image.reply.request_id
    assert calls.generate_image("a dyno at dawn", output_format=name, seed=7).data == image.data


def test_only_what_is_set_is_sent(emulator, calls):
    calls.generate_image("a dyno")
    entry = emulator.journal[-1]
    assert (entry.method, entry.path) == ("POST", PATH)
    assert entry.body == {"model": "stable-image-ultra", "prompt": "a dyno"}


def test_all_options_are_sent(emulator, calls):
    options = {"negative_prompt": "rain", "output_format": "png", "seed": 0}
    more = {"n": 1, "quality": "hd"}
    calls.generate_image(
        "a dyno", aspect_ratio="16:9", allow_ignored_params=True, extra_body=more, **options
    )
    assert emulator.journal[-1].body == {
        "model": "stable-image-ultra",
        "prompt": "a dyno",
        "aspect_ratio": "16:9",
        "allow_ignored_params": True,
        **options,
        **more,
    }


@pytest.mark.parametrize(
    "option",
    [{"aspect_ratio": ratio} for ratio in ASPECT_RATIOS] + [{"size": size} for size in SIZES],
    ids=str,
)
def test_every_documented_shape_is_sent(emulator, calls, option):
    emulator.script(RawBody({"data": [picture()]}, path=PATH))
    calls.generate_image("a dyno", **option)
    (name,) = option
    assert emulator.journal[-1].status == 200
    assert emulator.journal[-1].body[name] == option[name]


@pytest.mark.parametrize("shape", [{"aspect_ratio": "9:21"}, {"size": "640x1536"}], ids=str)
def test_a_picture_has_the_requested_shape(calls, shape):
    data = calls.generate_image("a dyno", **shape).data
    assert [int.from_bytes(data[at : at + 4], "big") for at in (16, 20)] == [640, 1536]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"aspect_ratio": "4:3"}, "16:9, 1:1, 21:9, 2:3, 3:2, 4:5, 5:4, 9:16, 9:21"),
        ({"size": "512x512"}, "1344x768, 1024x1024, .*, 640x1536"),
        ({"size": "1024x1024", "aspect_ratio": "1:1"}, "one of them"),
        ({"output_format": "webp"}, "png, jpeg"),
        ({"seed": -1}, "4294967295"),
        ({"seed": 4_294_967_296}, "4294967295"),
        ({"seed": 1.5}, "whole number"),
        ({"seed": True}, "whole number"),
        ({"negative_prompt": LONG}, "negative_prompt has 10001 characters"),
        ({"prompt": LONG}, "prompt has 10001 characters.* at most 10000"),
        ({"prompt": " \n"}, "empty"),
        ({"prompt": 5}, "int"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_not_documented_is_refused_with_the_list(emulator, calls, options, message):
    with pytest.raises(ConfigError, match=message):
        calls.generate_image(**{"prompt": "a dyno", **options})
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("name", ["n", "quality", "style", "response_format", "user"])
def test_options_of_openai_are_refused_with_the_way_to_send_them(emulator, calls, name):
    with pytest.raises(TypeError, match=f"no option {name!r}.*allow_ignored_params=True"):
        calls.generate_image("a dyno", **{name: "x"})
    assert len(emulator.journal) == 0


def test_unknown_options_are_refused_with_the_list(calls):
    with pytest.raises(TypeError, match=r"no option 'steps'.*aspect_ratio, size.*extra_body"):
        calls.generate_image("a dyno", steps=5)


def test_the_longest_prompts_and_largest_seed_are_fine(emulator, calls):
    calls.generate_image(LONG[1:], negative_prompt=LONG[1:], seed=4_294_967_295)
    assert emulator.journal[-1].status == 200


def test_images_use_their_own_attachment(emulator, make_calls, monkeypatch):
    monkeypatch.setenv("DIFFUSION_KEY", emulator.api_key)
    monkeypatch.setenv("DIFFUSION_URL", emulator.url)
    monkeypatch.setenv("DIFFUSION_MODEL_ID", "stable-image-ultra")
    monkeypatch.setenv("INFERENCE_KEY", "inf-made-up-for-chat-only")
    monkeypatch.setenv("INFERENCE_URL", emulator.url)
    calls = make_calls(api_key=None, base_url=None, model=None)
    assert calls.generate_image("a dyno").model == "stable-image-ultra"
    assert calls.client.settings("image").alias == "DIFFUSION"


@pytest.mark.parametrize("chat_model", [None, "claude-4-5-sonnet"])
def test_images_fall_back_to_the_add_on_of_chat(emulator, monkeypatch, chat_model):
    monkeypatch.setenv("INFERENCE_KEY", emulator.api_key)
    monkeypatch.setenv("INFERENCE_URL", emulator.url)
    if chat_model:
        monkeypatch.setenv("INFERENCE_MODEL_ID", chat_model)
    settings = Settings(kind="image")
    assert (settings.alias, settings.model) == ("INFERENCE", "stable-image-ultra")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"data": [{"url": "https://example.com/a.png"}]}, "an address in place of b64_json"),
        ({"data": [{}]}, "no b64_json"),
        ({"data": [{"b64_json": None}]}, "no b64_json"),
        ({"data": [{"b64_json": " \n"}]}, "no b64_json"),
        ({"data": [{"b64_json": "a"}]}, "not base64"),
        ({"data": [{"b64_json": "Grüße"}]}, "not base64"),
        ({"data": [{"b64_json": "<html>="}]}, "not base64"),
        ({"data": []}, "0 pictures"),
        ({"data": [picture(), picture()]}, "2 pictures"),
        ({"data": {}}, "data"),
        ({"unexpected": True}, "data"),
        ([], "object"),
        ("<html>", "JSON"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_answer_without_a_picture_is_an_error(emulator, calls, body, message):
    emulator.script(RawBody(body, path=PATH))
    with pytest.raises(InvalidResponseError, match=message):
        calls.generate_image("a dyno")
    assert len(emulator.journal) == 1


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"RIFF0000WEBP", "image/webp"),
        (b"GIF89a", "image/gif"),
        (b"something new", "application/octet-stream"),
    ],
    ids=["png", "jpeg", "webp", "gif", "unknown"],
)
def test_the_bytes_say_what_they_are(data, mime_type):
    assert read(picture(data)).mime_type == mime_type


@pytest.mark.parametrize("field", ["b64_json", "url"])
@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "IMAGE/PNG;name=a"])
def test_a_data_url_holds_a_picture_too(field, kind):
    image = read({field: f"data:{kind};base64,{picture()['b64_json']}"})
    assert (image.data, image.mime_type) == (PNG, "image/png")


def test_a_revised_prompt_is_returned_and_lines_of_base64_are_joined():
    whole = picture()["b64_json"]
    image = read({"b64_json": whole[:20] + "\n" + whole[20:], "revised_prompt": "a red dyno"})
    assert (image.data, image.revised_prompt, image.created) == (PNG, "a red dyno", 5)
    assert read(picture(), created=None).created is None


@pytest.mark.parametrize(
    ("data", "name", "written"),
    [
        (PNG, "a", "a.png"),
        (JPEG, "a", "a.jpg"),
        (b"?", "a", "a.bin"),
        (PNG, "a.PNG", "a.PNG"),
        (JPEG, "a.jpeg", "a.jpeg"),
        (JPEG, "a.JPG", "a.JPG"),
        (PNG, "a.v2", "a.v2"),
        (PNG, ".hidden", ".hidden.png"),
    ],
)
def test_a_picture_is_saved_under_a_fitting_name(tmp_path, data, name, written):
    image = read(picture(data))
    assert image.save(tmp_path / name) == tmp_path / written
    assert image.save(str(tmp_path / name)).read_bytes() == data


@pytest.mark.parametrize(
    ("data", "name"), [(JPEG, "a.png"), (PNG, "a.jpg"), (PNG, "a.JPEG"), (b"?", "a.png")]
)
def test_a_picture_is_never_saved_as_what_it_is_not(tmp_path, data, name):
    with pytest.raises(ConfigError, match="output_format"):
        read(picture(data)).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_takes_the_place_of_a_file(tmp_path):
    (tmp_path / "a.png").write_bytes(b"an older one, which was longer than this picture" * 9)
    assert read(picture()).save(tmp_path / "a.png").read_bytes() == PNG


def test_a_picture_can_be_saved_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert read(picture()).save("~/a") == tmp_path / "a.png"


@pytest.mark.parametrize("name", ["new/", "new//"])
def test_a_missing_folder_cannot_be_written_as_a_file(tmp_path, name):
    with pytest.raises(IsADirectoryError):
        read(picture()).save(f"{tmp_path}/{name}")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_cannot_be_written_as_a_file(tmp_path):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(IsADirectoryError):
        read(picture()).save(tmp_path / "pictures")
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_a_repr_shows_no_bytes_and_a_notebook_the_picture():
    image = read(picture())
    assert "PNG" not in repr(image)
    assert "prompt='a dyno'" in repr(image)
    assert image._repr_mimebundle_(include=None, exclude=None) == {
        "image/png": image.base64,
        "text/plain": repr(image),
    }
    assert image.reply.body == b""


def test_a_repr_is_short_for_long_prompts():
    image = read(picture(revised_prompt="r" * 9_000), prompt="p" * 10_000)
    assert len(repr(image)) < 600
    assert "model='stable-image-ultra'" in repr(image)
    assert len(image.prompt) == 10_000


def test_a_picture_survives_copies_and_pickles():
    image = read(picture())
    assert isinstance(image, GeneratedImage)
    assert pickle.loads(pickle.dumps(image)) == image
    assert copy.deepcopy(image) == image


def test_the_key_shows_in_no_error(emulator, calls):
    emulator.script(RawBody({"data": [{"url": emulator.api_key}]}), Fault(400, emulator.api_key))
    for _ in range(2):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - of any class
            calls.generate_image("a dyno")
        assert emulator.api_key not in f"{caught.value!r} {vars(caught.value)}"
