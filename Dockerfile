# Feedmill in a container: everything that it keeps lies in /data.
#
#   docker build -t feedmill .
#   docker run --rm -v feedmill:/data feedmill init        # then edit feedmill.toml in the volume
#   docker run -d --name feedmill -v feedmill:/data -p 127.0.0.1:8080:8080 \
#       -e FEEDMILL_SITE_URL=https://news.example.org feedmill
#   docker exec feedmill feedmill sources
#
# The site's address must be told, here or as `url` of [site]: a container can't know it.

FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY feeds feeds
COPY aggregator aggregator
COPY publisher publisher
COPY config config
RUN python -m venv /opt/feedmill \
    && /opt/feedmill/bin/pip install --no-cache-dir --disable-pip-version-check . \
    && mkdir /data

FROM python:3.12-slim
COPY --from=build /opt/feedmill /opt/feedmill
# A number, so that an orchestrator sees that it is not root; the volume begins as its own.
COPY --from=build --chown=10001:10001 /data /data
ENV PATH=/opt/feedmill/bin:$PATH \
    HOME=/data \
    FEEDMILL_CONFIG=/data/feedmill.toml \
    FEEDMILL_SERVER_LISTEN=0.0.0.0:8080
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import *; build_opener(ProxyHandler({})).open('http://127.0.0.1:8080/healthz', timeout=4)"]
# Lists, not lines for a shell: SIGTERM reaches Feedmill itself, which ends within ten seconds.
ENTRYPOINT ["feedmill"]
CMD ["run"]
