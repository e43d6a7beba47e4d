"""A text that nobody waits for: submitted, it is judged whatever is stopped or killed meanwhile.

Prints:
    submitted: queued
    waited for: done ALLOW
    listed: True
"""

from vigil_stream import Text, Vigil

with Vigil() as vigil:
    job = vigil.jobs.submit(Text("The quarterly report begins with a summary.", direction="output"))
    print(f"submitted: {job.status}")
    finished = vigil.jobs.wait(job.job_id, timeout=60)
    if finished.verdict is not None:
        print(f"waited for: {finished.status} {finished.verdict.decision}")
    print(f"listed: {any(job.job_id == listed.job_id for listed in vigil.jobs.list())}")
