/** Loaded before a gateway: on SIGUSR2 something fails that nobody waits for, with a synthetic person in its words. */
process.on('SIGUSR2', () => {
  const detail = 'Key (id)=(099090000017) already exists.'
  void Promise.reject(Object.assign(new RangeError('099090000017'), { code: '23505', detail }))
})
