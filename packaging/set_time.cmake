# CPack runs this before it makes a package: the time that its files get.
set(ENV{SOURCE_DATE_EPOCH} ${CPACK_STEAMFLOW_EPOCH})
