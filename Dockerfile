# One image for every Teppan process of docker-compose.yml.

FROM node:20-slim AS dashboard
WORKDIR /teppan
COPY frontend/package.json frontend/package-lock.json frontend/
RUN npm --prefix frontend ci --no-audit --no-fund --loglevel=error
COPY docs/openapi.json docs/
COPY frontend frontend
RUN npm --prefix frontend run --silent build

FROM python:3.11-slim
# Chromium for the browser sources: docker compose build --build-arg PROGRAMS="chromium chromium-driver"
ARG PROGRAMS=""
RUN if [ -n "$PROGRAMS" ]; then \
      apt-get update -qq && apt-get install -y -qq --no-install-recommends $PROGRAMS \
      && rm -rf /var/lib/apt/lists/*; \
    fi
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /teppan
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY . .
COPY --from=dashboard /teppan/frontend/dist frontend/dist
# Collected into the image; the key of this step's empty data folder stays behind with it.
RUN TEPPAN_DATA_DIR=/tmp/build DJANGO_SETTINGS_MODULE=config.settings python -c \
      "import django; django.setup(); from config.preparation import collect_static; collect_static()" \
    && rm -rf /tmp/build \
    && useradd --system teppan \
    && install --directory --owner teppan /var/lib/teppan \
    && chown -R teppan staticfiles
USER teppan
VOLUME /var/lib/teppan
EXPOSE 8000
CMD ["python", "-m", "config.web"]
