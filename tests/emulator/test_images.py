"""Pictures: refusals, the answer, and how the prompt decides the picture."""

import base64
import io
import subprocess
import sys

import pytest
from PIL import Image

from heroku_emulator import Cut, Fault, RawBody
from heroku_emulator.images_picture import Scene, draw

PATH = "/v1/images/generations"
SMALL = {"size": "832x1216"}  # the smallest size
SIZES = {
    "16:9": (1344, 768),
    "1:1": (1024, 1024),
    "21:9": (1536, 640),
    "2:3": (832, 1216),
    "3:2": (1216, 832),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}


@pytest.fixture
def ask(call):
    def post(**fields):
        body = {"model": "stable-image-ultra", "prompt": "a lake at night", "seed": 7}
        return call.post(PATH, body | fields)

    return post


@pytest.fixture
def picture(ask):
    """Returns the pixels of the picture for a request."""

    def pixels(**fields):
        answer = ask(**SMALL | fields)
        assert answer.status_code == 200, answer.text
        data = base64.b64decode(answer.json()["data"][0]["b64_json"], validate=True)
        return Image.open(io.BytesIO(data)).convert("RGB").tobytes()

    return pixels


def test_an_answer_has_exactly_the_documented_form(ask):
    answer = ask().json()
    assert list(answer) == ["created", "data"]
    assert isinstance(answer["created"], int)
    (image,) = answer["data"]
    assert list(image) == ["b64_json", "revised_prompt"]
    assert image["revised_prompt"] == ""


@pytest.mark.parametrize("output_format", [None, "png", "jpeg"])
def test_the_picture_has_the_requested_format(ask, output_format):
    fields = {} if output_format is None else {"output_format": output_format}
    data = base64.b64decode(ask(**fields).json()["data"][0]["b64_json"])
    image = Image.open(io.BytesIO(data))
    image.load()
    assert (image.format, image.size) == ((output_format or "png").upper(), (1024, 1024))


@pytest.mark.parametrize("ratio", SIZES)
def test_each_ratio_has_its_size_and_both_can_be_sent(ask, ratio):
    size = "{}x{}".format(*SIZES[ratio])
    for fields in ({"aspect_ratio": ratio}, {"aspect_ratio": ratio, "size": size}):
        data = base64.b64decode(ask(**fields).json()["data"][0]["b64_json"])
        assert Image.open(io.BytesIO(data)).size == SIZES[ratio]


def test_the_same_request_gets_the_same_picture(picture):
    assert picture() == picture()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"prompt": "a lake at noon"}, id="prompt"),
        pytest.param({"negative_prompt": "lake"}, id="negative prompt"),
        pytest.param({"seed": 8}, id="seed"),
    ],
)
def test_another_request_gets_a_visibly_different_picture(picture, change):
    one, other = picture(), picture(**change)
    changed = sum(abs(a - b) > 16 for a, b in zip(one, other, strict=True))
    assert changed > len(one) / 20


def test_seed_zero_and_no_seed_mean_any_seed(picture, emulator):
    first = [picture(seed=0), picture(seed=None)]
    assert len({*first, picture(seed=1)}) == 3
    emulator.reset()
    assert [picture(seed=0), picture(seed=None)] == first  # tests can be repeated


def test_words_decide_what_the_picture_shows():
    noon, night = (_brightness(prompt) for prompt in ("blue sky at noon", "blue sky at night"))
    assert night < 0.7 * noon
    assert _brightness("blue sky at night", "night") > 1.3 * night


def _brightness(prompt, negative_prompt=""):
    picture = draw(Scene(prompt, negative_prompt, 1), (320, 240), "png")
    image = Image.open(io.BytesIO(picture)).convert("L")
    return sum(image.tobytes()) / 320 / 240


@pytest.mark.parametrize("sight", ["stars", "lake", "trees", "city", "birds"])
def test_named_sights_are_shown_and_unwanted_ones_are_not(sight):
    for seed in range(10):
        assert Scene(f"a picture with {sight}", "", seed).shows(sight)
        assert not Scene("a picture", sight, seed).shows(sight)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"prompt": ""}, "prompt is required"),
        ({"prompt": None}, "prompt is required"),
        ({"prompt": ["a"]}, "prompt must be a string"),
        ({"prompt": "x" * 10_001}, "prompt must be at most 10000 characters"),
        ({"negative_prompt": "x" * 10_001}, "negative_prompt must be at most 10000 characters"),
        ({"negative_prompt": 3}, "negative_prompt must be a string"),
        ({"aspect_ratio": "4:3"}, "aspect_ratio must be one of 16:9"),
        ({"size": "512x512"}, "size must be one of 1344x768"),
        ({"size": "1024x1024", "aspect_ratio": "16:9"}, "use 1344x768"),
        ({"output_format": "webp"}, "output_format must be one of png, jpeg"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"seed": 4_294_967_296}, "seed must be at most 4294967295"),
        ({"seed": "7"}, "seed must be an integer"),
        ({"seed": True}, "seed must be an integer"),
        ({"n": 1}, "unrecognized request argument: n"),
        ({"quality": "hd", "user": "me"}, "unrecognized request argument: quality"),
        ({"allow_ignored_params": "yes"}, "allow_ignored_params must be a boolean"),
        ({"model": "claude-4-5-sonnet"}, "does not support this endpoint"),
        ({"model": None}, "model is required"),
    ],
    ids=str,
)
def test_requests_against_the_documentation_are_refused(ask, fields, message):
    answer = ask(**fields)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_the_largest_values_are_accepted(ask):
    assert ask(seed=4_294_967_295, prompt="x" * 10_000, negative_prompt="").status_code == 200


def test_parameters_of_openai_are_ignored_on_request(ask, picture):
    extras = {"n": 1, "quality": "hd", "style": "vivid", "response_format": "url", "user": "me"}
    assert ask(**extras).status_code == 400
    assert picture(**extras, allow_ignored_params=True) == picture()


def test_the_model_allows_twenty_requests_a_minute(ask):
    headers = ask(prompt="").headers
    assert headers["x-ratelimit-limit-requests"] == "20"
    assert headers["x-ratelimit-remaining-requests"] == "19"
    assert "x-ratelimit-limit-tokens" not in headers


def test_pictures_are_made_in_the_us_only(ask, emulator):
    emulator.switch(region="eu")
    assert ask().status_code == 404
    emulator.switch(region="us")
    assert ask().status_code == 200


def test_an_unknown_model_draws_if_unknown_models_are_accepted(ask, emulator):
    assert ask(model="stable-image-next").status_code == 404
    emulator.switch(unknown_models="accept")
    assert ask(model="stable-image-next").status_code == 200


def test_a_script_can_replace_the_picture(ask, emulator):
    body = {"created": 1, "data": [{"b64_json": "bm8gcGljdHVyZQ==", "revised_prompt": "x"}]}
    emulator.script(RawBody(body, path=PATH), Fault(503, path=PATH))
    assert ask().json() == body
    assert ask().status_code == 503
    assert ask().status_code == 200


def test_a_cut_breaks_off_in_the_middle(ask, emulator):
    emulator.script(Cut(path=PATH))
    with pytest.raises(Exception, match="peer closed connection"):
        ask()


def test_unchecked_requests_are_drawn(ask, emulator):
    emulator.switch(strict=False)
    assert ask(n=2, negative_prompt=None).status_code == 200


def test_pillow_is_not_loaded_before_the_first_picture():
    program = "import sys, heroku_emulator.server; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_without_pillow_the_answer_says_what_to_install(ask, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    answer = ask()
    assert answer.status_code == 500
    assert "heroku-inference[emulator]" in answer.json()["error"]["message"]
