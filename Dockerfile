# The course in a container, for an ordinary user:
#   docker build -t course . && docker run --rm -p 8888:8888 -v course-workspace:/home/student/course/workspace course
# What a student writes lies in the volume course-workspace.
FROM python:3.12-slim-bookworm

RUN useradd --create-home --uid 1000 student
USER 1000
WORKDIR /home/student/course
ENV VIRTUAL_ENV=/home/student/venv PATH=/home/student/venv/bin:$PATH PYTHONUNBUFFERED=1

# The packages change seldom: as long as their list does not, this layer is kept.
COPY --chown=1000 requirements.txt ./
RUN python -m venv "$VIRTUAL_ENV" && pip install --no-cache-dir --require-hashes -r requirements.txt

COPY --chown=1000 . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . && mkdir -p workspace

EXPOSE 8888
CMD ["course", "lab", "--no-browser", "--ip=0.0.0.0", "--port=8888"]
