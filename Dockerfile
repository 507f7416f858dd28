# syntax=docker/dockerfile:1
# Three stages: the wheel, the environment it runs in, and the image, which has neither pip's cache nor a compiler.
# Keep the Python line equal to the one that requirements/*.txt are locked for.

FROM python:3.11.14-slim-bookworm AS wheel
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /build
COPY requirements/dev.txt requirements/dev.txt
RUN /build/bin/pip install --require-hashes -r requirements/dev.txt
COPY pyproject.toml README.md ./
COPY domain/ domain/
COPY detectors/ detectors/
COPY alerts/ alerts/
COPY config/ config/
COPY streams/ streams/
RUN /build/bin/python -m build --wheel --no-isolation --outdir /wheel .

FROM python:3.11.14-slim-bookworm AS environment
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/foreshock
COPY requirements/run.txt requirements/run.txt
RUN /opt/foreshock/bin/pip install --require-hashes -r requirements/run.txt
COPY --from=wheel /wheel/ /wheel/
# Compiled now, since nobody can write there later.
RUN /opt/foreshock/bin/pip install --no-deps --no-index /wheel/*.whl \
    && /opt/foreshock/bin/pip uninstall --yes pip setuptools \
    && /usr/local/bin/python -m compileall -q /opt/foreshock/lib

FROM python:3.11.14-slim-bookworm
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Foreshock" \
      org.opencontainers.image.description="Warns squads and clients of a service degradation before it reaches them" \
      org.opencontainers.image.version="${VERSION}"
# Numbers, not names, so that Kubernetes' runAsNonRoot can be checked without looking into the image.
RUN groupadd --system --gid 10001 foreshock \
    && useradd --system --uid 10001 --gid foreshock --no-create-home --home-dir /tmp --shell /usr/sbin/nologin foreshock
COPY --from=environment /opt/foreshock /opt/foreshock
# A volume takes over the owner that it finds here.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/foreshock
ENV PATH=/opt/foreshock/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FORESHOCK__SERVER__HOST=0.0.0.0
USER 10001:10001
# All that is ever written: a read-only root file system needs a tmpfs here, and the recorder a volume for its record.
WORKDIR /tmp
EXPOSE 6066
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:6066/readyz', timeout=4)"]
ENTRYPOINT ["foreshock"]
CMD ["worker", "--config", "/etc/foreshock/foreshock.yaml"]
