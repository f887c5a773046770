# Two stages: the first installs what requirements/run.txt locks, the second holds the result and
# nothing to install or compile with. Both start from the same image, so that the virtual
# environment's interpreter is where it was.
FROM python:3.12.12-slim-bookworm AS base

FROM base AS build
COPY requirements/uv.txt requirements/run.txt /build/requirements/
RUN python -m venv /build/tools \
 && /build/tools/bin/pip install --no-cache-dir --require-hashes -r /build/requirements/uv.txt \
 && python -m venv --without-pip /opt/venv \
 && /build/tools/bin/uv pip sync --no-cache --compile-bytecode --python /opt/venv/bin/python \
    --require-hashes /build/requirements/run.txt
COPY operator/ram_operator /build/source/ram_operator
RUN cp -r /build/source/ram_operator \
    "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && printf '%s\n' '#!/usr/bin/env python' 'from ram_operator.__main__ import main' \
    'raise SystemExit(main())' > /opt/venv/bin/ram-operator \
 && chmod 755 /opt/venv/bin/ram-operator \
 && /opt/venv/bin/python -m compileall -q /opt/venv

FROM base
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore pip \
 && rm -rf /usr/local/lib/python3.12/ensurepip
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["python", "-m", "ram_operator"]
CMD ["run"]
