# CPack runs this on the files of a package before it creates the package. It sets their time, and the
# modes of the folders that CPack itself created, which depend on the umask.
set(ENV{SOURCE_DATE_EPOCH} ${CPACK_STEAMFLOW_EPOCH})
execute_process(COMMAND chmod --recursive u=rwX,go=rX ${CPACK_TEMPORARY_DIRECTORY}
                COMMAND_ERROR_IS_FATAL ANY)
