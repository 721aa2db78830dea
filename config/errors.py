"""How errors become answers: one shape, and nothing about what nobody anticipated."""

import math

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from drf_standardized_errors.handler import ExceptionHandler as StandardHandler
from rest_framework import exceptions
from rest_framework.response import Response

from common.errors import ApplicationError, InvalidInput, Unauthenticated
from config.api import BearerAuthentication, PayloadTooLarge
from config.logs import request_id


class _Refused(exceptions.APIException):
    """An ApplicationError on its way out."""

    def __init__(self, error: ApplicationError) -> None:
        super().__init__(error.detail, error.code)
        self.status_code = error.status
        if isinstance(error, Unauthenticated):
            self.auth_header = BearerAuthentication.scheme
        if retry_after := getattr(error, "retry_after", None):
            self.wait = max(1, math.ceil(retry_after))


class ExceptionHandler(StandardHandler):
    """Gives every error the one shape; what nobody anticipated says no more than where to look."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Translate our errors, and a database that is not there."""
        if isinstance(exc, InvalidInput):
            detail = exceptions.ErrorDetail(exc.detail, exc.code)
            return exceptions.ValidationError({exc.attr: [detail]} if exc.attr else [detail])
        if isinstance(exc, ApplicationError):
            return _Refused(exc)
        if isinstance(exc, RequestDataTooBig):
            return PayloadTooLarge()
        if isinstance(exc, OperationalError | InterfaceError):
            unavailable = exceptions.APIException(
                "The database does not answer right now.", "database_unavailable"
            )
            unavailable.status_code = 503
            return unavailable
        return super().convert_known_exceptions(exc)

    def convert_unhandled_exceptions(self, exc: Exception) -> exceptions.APIException:
        """Answer with the id under which the log has the rest."""
        if isinstance(exc, exceptions.APIException):
            return exc
        return exceptions.APIException(
            f"Something went wrong here. The log has it under {request_id.get()}."
        )

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        """Log what went wrong; an anticipated refusal did not."""
        if not isinstance(self.exc, ApplicationError):
            super().report_exception(exc, response)
