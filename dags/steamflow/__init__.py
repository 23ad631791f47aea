"""What the DAG files share: the Airflow task that runs one steamflow program. A DAG file imports
`steamflow.task`, and `steamflow.assets` where it listens to what the sources deliver.

Nothing in here reads Airflow's database, or the network, while a DAG file is parsed."""
