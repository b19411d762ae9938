# The course in a container, for an ordinary user:
#   docker build -t course . && docker run --rm -p 8888:8888 -v course-workspace:/course/workspace course
# What a student writes lies in the volume course-workspace.
FROM python:3.12-slim-bookworm

RUN useradd --create-home --uid 1000 student && install -d -o 1000 -g 1000 /course /course/workspace /venv
USER 1000
WORKDIR /course
ENV VIRTUAL_ENV=/venv PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1

# The packages change seldom: as long as their list does not, this layer is kept.
COPY --chown=1000:1000 requirements.txt ./
RUN python -m venv "$VIRTUAL_ENV" && pip install --no-cache-dir --require-hashes -r requirements.txt

COPY --chown=1000:1000 . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

EXPOSE 8888
CMD ["course", "lab", "--no-browser", "--ip=0.0.0.0", "--port=8888"]
