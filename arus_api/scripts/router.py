"""Routes under construction."""

from fastapi import APIRouter

router = APIRouter(tags=["scripts"])
