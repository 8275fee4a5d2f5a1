"""Every error is ours and LangChain's at once."""

import pickle

import pytest
from langchain_core import exceptions as langchain

import heroku_inference as heroku
from heroku_inference import _errors as core
from langchain_heroku import errors
from langchain_heroku.errors import langchain_error, langchain_errors


def every_core_error():
    classes = [heroku.HerokuError]
    for cls in classes:
        classes.extend(cls.__subclasses__())
    return {cls for cls in classes if vars(core).get(cls.__name__) is cls}


@pytest.mark.parametrize(
    "cls",
    sorted(every_core_error() - {heroku.HerokuError, heroku.APIError}, key=lambda c: c.__name__),
    ids=lambda cls: cls.__name__,
)
def test_every_error_of_the_core_has_a_class_that_is_langchains_too(cls):
    error = langchain_error(cls("said"))
    assert type(error).__name__ == cls.__name__
    assert type(error) is getattr(errors, cls.__name__)
    assert isinstance(error, cls)
    assert isinstance(error, langchain.ModelError)


@pytest.mark.parametrize(
    ("error", "expected", "retryable"),
    [
        (heroku.AuthenticationError("no"), langchain.ModelAuthenticationError, False),
        (heroku.PermissionDeniedError("no"), langchain.ModelPermissionDeniedError, False),
        (heroku.ContentBlockedError("no"), langchain.ModelPermissionDeniedError, False),
        (heroku.InvalidRequestError("no"), langchain.ModelInvalidRequestError, False),
        (heroku.NotFoundError("no"), langchain.ModelNotFoundError, False),
        (heroku.RateLimitError("no"), langchain.ModelRateLimitError, True),
        (heroku.ServerError("no"), langchain.ModelAPIError, True),
        (heroku.RequestTimeoutError("no"), langchain.ModelTimeoutError, True),
        (heroku.APITimeoutError("no"), langchain.ModelTimeoutError, True),
        (heroku.APIConnectionError("no"), langchain.ModelConnectionError, True),
        (heroku.StreamInterruptedError("no"), langchain.ModelConnectionError, True),
        (heroku.ConfigError("no"), langchain.ModelInvalidRequestError, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_langchain_knows_what_to_retry(error, expected, retryable):
    both = langchain_error(error)
    assert isinstance(both, expected)
    assert both.is_retryable is retryable


def test_the_tree_of_the_core_holds_among_the_classes_of_both():
    assert issubclass(errors.APITimeoutError, errors.APIConnectionError)
    assert issubclass(errors.ContentBlockedError, errors.PermissionDeniedError)
    assert issubclass(errors.ConfigError, ValueError)


@pytest.mark.parametrize(
    "message",
    [
        "prompt is too long: 205000 tokens > 200000 maximum",
        "Input is too long for requested model.",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
        "This model's maximum context length is 131072 tokens.",
    ],
)
def test_a_conversation_that_is_too_long_can_be_shrunk_by_middleware(message):
    error = langchain_error(heroku.InvalidRequestError("No.", server_message=message))
    assert isinstance(error, langchain.ContextOverflowError)
    assert isinstance(error, errors.InvalidRequestError)


@pytest.mark.parametrize(
    "message",
    [
        "The maximum tokens you requested exceeds the model limit of 8192.",
        "content is required",
    ],
)
def test_other_refusals_are_no_overflow(message):
    error = langchain_error(heroku.InvalidRequestError("No.", server_message=message))
    assert not isinstance(error, langchain.ContextOverflowError)


def fail_because_of_the_wire():
    cause = OSError("the wire")
    error = heroku.RateLimitError("slow down", status_code=429, request_id="r", retry_after=3.0)
    raise error from cause


def call_in_langchain_errors():
    with langchain_errors():
        fail_because_of_the_wire()


def test_an_error_keeps_what_it_carries_and_its_cause_and_ends_at_the_caller():
    with pytest.raises(errors.RateLimitError) as caught:
        call_in_langchain_errors()
    assert [entry.name for entry in caught.traceback] == [
        "test_an_error_keeps_what_it_carries_and_its_cause_and_ends_at_the_caller"
    ]
    error = caught.value
    assert (error.status_code, error.request_id, error.retry_after) == (429, "r", 3.0)
    assert isinstance(error.__cause__, OSError)
    assert error.__suppress_context__
    assert str(error) == "slow down"


def test_an_error_that_is_both_already_and_a_foreign_one_pass_as_they_are():
    both = errors.ServerError("no")
    assert langchain_error(both) is both
    with pytest.raises(ZeroDivisionError), langchain_errors():
        raise ZeroDivisionError


def test_errors_travel_between_processes():
    error = langchain_error(heroku.RateLimitError("slow down", status_code=429, retry_after=3.0))
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is errors.RateLimitError
    assert (copy.status_code, copy.retry_after, str(copy)) == (429, 3.0, "slow down")
