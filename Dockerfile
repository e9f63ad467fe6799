# The whole of eventlog in one image: `up` by default (with its embedded PostgreSQL), or one
# part of it (`api`, `worker`, `migrate`, `simulate`) as docker-compose.yml does.

FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/eventlog
# What it depends on first: a layer that a change of the sources leaves as it is.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && pip install --no-cache-dir -c constraints.txt hatchling \
    && /opt/eventlog/bin/pip install --no-cache-dir -c constraints.txt -r requirements.txt
COPY README.md LICENSE ./
COPY eventlog eventlog
COPY projections projections
COPY api api
COPY publisher publisher
COPY sql sql
# The build tool stays in this stage; what is shipped is the wheel and its pinned dependencies.
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/eventlog/bin/pip install --no-cache-dir --no-deps dist/*.whl \
    && /opt/eventlog/bin/pip check

FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/eventlog --shell /usr/sbin/nologin eventlog \
    && install -d -o eventlog -g eventlog -m 0700 /var/lib/eventlog
COPY --from=build /opt/eventlog /opt/eventlog
ENV PATH=/opt/eventlog/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    EVENTLOG_DATA_DIR=/var/lib/eventlog \
    EVENTLOG_HOST=0.0.0.0 \
    EVENTLOG_PORT=8080
# By number, so that an orchestrator can tell it is not root.
USER 10001:10001
WORKDIR /var/lib/eventlog
# Only `up` without EVENTLOG_DSN keeps data here: its embedded PostgreSQL.
VOLUME /var/lib/eventlog
EXPOSE 8080
STOPSIGNAL SIGTERM
# The image has no curl, and needs none.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.environ['EVENTLOG_PORT']}/livez\", timeout=4)"]
ENTRYPOINT ["eventlog"]
CMD ["up"]
