using Espalier.Engine.Threading;

namespace Espalier.Tests.Engine.Threading;

public class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Run_ManyJobs_CallsEveryWorkerOncePerJob(int size)
    {
        using var team = new WorkerTeam(size);
        for (int round = 1; round <= 300; round++)
        {
            var job = new CountJob { Calls = new int[size] };
            team.Run(ref job);
            Assert.All(job.Calls, calls => Assert.Equal(1, calls));
        }
    }

    [Fact]
    public void Run_AfterIdleLongEnoughToPark_WakesEveryWorker()
    {
        using var team = new WorkerTeam(3);
        for (int round = 0; round < 20; round++)
        {
            // Around the moment when workers stop spinning, where a wake-up could be lost, and long after it.
            Thread.Sleep(round % 4);
            var job = new CountJob { Calls = new int[3] };
            team.Run(ref job);
            Assert.All(job.Calls, calls => Assert.Equal(1, calls));
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(3, 2)]
    public void Run_WorkerThrows_CallerGetsTheExceptionAndTheTeamStillWorks(int size, int thrower)
    {
        using var team = new WorkerTeam(size);
        for (int round = 0; round < 3; round++)
        {
            var bad = new ThrowJob { Thrower = thrower };
            var thrown = Assert.Throws<InvalidOperationException>(() => team.Run(ref bad));
            Assert.Equal($"worker {thrower}", thrown.Message);
            var good = new CountJob { Calls = new int[size] };
            team.Run(ref good);
            Assert.All(good.Calls, calls => Assert.Equal(1, calls));
        }
    }

    [Fact]
    public void Run_AllWorkersThrow_CallerGetsOneAndTheNextJobNone()
    {
        using var team = new WorkerTeam(3);
        var bad = new ThrowJob { Thrower = -1 };
        Assert.Throws<InvalidOperationException>(() => team.Run(ref bad));
        var good = new CountJob { Calls = new int[3] };
        team.Run(ref good);
    }

    [Fact]
    public void Run_WorkersWithoutACore_CallerStandsInAndEveryPartIsDoneOnce()
    {
        // Far more workers than cores, asleep when a job of no length begins: some cannot have begun when the caller is done.
        using var team = new WorkerTeam(64);
        bool stoodIn = false;
        for (int round = 0; round < 200; round++)
        {
            Thread.Sleep(round % 4 == 0 ? 1 : 0);
            var job = new CountJob { Calls = new int[64], Threads = new int[64] };
            team.Run(ref job);
            Assert.All(job.Calls, calls => Assert.Equal(1, calls));
            stoodIn |= job.Threads!.Skip(1).Any(thread => thread == Environment.CurrentManagedThreadId);
        }

        Assert.True(stoodIn);
    }

    [Fact]
    public void Run_CollectionsMeanwhile_JobKeepsItsReferences()
    {
        using var team = new WorkerTeam(3);
        for (int round = 0; round < 20; round++)
        {
            var job = new CollectJob { Calls = new int[3] };
            team.Run(ref job);
            Assert.All(job.Calls, calls => Assert.Equal(1, calls));
        }
    }

    [Fact]
    public void Run_Repeatedly_AllocatesNothing()
    {
        using var team = new WorkerTeam(2);
        var job = new CountJob { Calls = new int[2] };
        team.Run(ref job);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            team.Run(ref job);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void Run_AnotherThreadsJobUnderWay_ThrowsAndThatJobEnds(int size, bool alone)
    {
        using var team = new WorkerTeam(size);
        var nested = new NestedJob { Team = team, Alone = alone, Faults = new string?[size] };
        team.Run(ref nested, alone);
        Assert.Contains("two threads use one device", nested.Faults[0], StringComparison.Ordinal);
        var good = new CountJob { Calls = new int[size] };
        team.Run(ref good);
        Assert.All(good.Calls, calls => Assert.Equal(1, calls));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public unsafe void DividedJob_SlowWorkers_EachItemIsDoneOnce(int items)
    {
        using var team = new WorkerTeam(3);
        int next = 0;
        var work = new ItemJob { Done = new int[items] };
        var job = new DividedJob<ItemJob> { Job = work, Items = items, Next = &next };
        team.Run(ref job);
        Assert.All(work.Done, done => Assert.Equal(1, done));
    }

    [Fact]
    public void Run_AfterDispose_Throws()
    {
        var team = new WorkerTeam(2);
        team.Dispose();
        team.Dispose();
        var job = new CountJob { Calls = new int[2] };
        Assert.Throws<ObjectDisposedException>(() => team.Run(ref job));
    }

    [Fact]
    public void Dispose_JobUnderWay_WaitsForItsEnd()
    {
        // Only the caller's part takes long: joining the other threads is no wait for it.
        using var team = new WorkerTeam(2);
        var job = new HeldJob { Begun = new ManualResetEventSlim(), Go = new ManualResetEventSlim(), Ended = new bool[1] };
        var caller = new Thread(() => team.Run(ref job));
        caller.Start();
        job.Begun.Wait();
        bool endedBefore = false;
        HeldJob seen = job;
        var disposer = new Thread(() =>
        {
            team.Dispose();
            endedBefore = Volatile.Read(ref seen.Ended[0]);
        });
        disposer.Start();
        disposer.Join(50);
        job.Go.Set();
        disposer.Join();
        caller.Join();
        Assert.True(endedBefore);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1025)]
    public void Constructor_SizeOutOfRange_Throws(int size)
        => Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerTeam(size));

    [Fact]
    public void Part_AnyCount_CoversItOnceInOrderAndEvenly()
    {
        foreach (int count in (int[])[0, 1, 2, 7, 63, 64, 65, 1000, int.MaxValue])
        {
            foreach (int workers in (int[])[1, 2, 3, 8])
            {
                foreach (int grain in (int[])[1, 4, 16])
                {
                    int next = 0, least = int.MaxValue, most = 0;
                    for (int worker = 0; worker < workers; worker++)
                    {
                        (int begin, int end) = WorkerTeam.Part(count, worker, workers, grain);
                        Assert.Equal(next, begin);
                        Assert.True(begin == count || begin % grain == 0);
                        (next, least, most) = (end, Math.Min(least, end - begin), Math.Max(most, end - begin));
                    }

                    Assert.Equal(count, next);

                    // The last part may besides lack what is missing in the last grain.
                    Assert.InRange(most - least, 0, (2 * grain) - 1);
                }
            }
        }
    }

    private struct NestedJob : IParallelJob
    {
        public WorkerTeam Team;
        public bool Alone;
        public string?[] Faults;

        public readonly void Run(int worker, int workers)
        {
            var inner = new CountJob { Calls = new int[Team.Size] };
            try
            {
                Team.Run(ref inner, Alone);
            }
            catch (InvalidOperationException e)
            {
                Faults[worker] = e.Message;
            }
        }
    }

    private struct HeldJob : IParallelJob
    {
        public ManualResetEventSlim Begun, Go;
        public bool[] Ended;

        public readonly void Run(int worker, int workers)
        {
            if (worker == 0)
            {
                Begun.Set();
                Go.Wait();
                Volatile.Write(ref Ended[0], true);
            }
        }
    }

    private struct ItemJob : IDividedJob
    {
        public int[] Done;

        public readonly void Run(int worker, int begin, int end)
        {
            Thread.SpinWait(worker == 1 ? 20_000 : 10);
            for (int i = begin; i < end; i++)
            {
                Interlocked.Increment(ref Done[i]);
            }
        }
    }

    private struct CountJob : IParallelJob
    {
        public int[] Calls;
        public int[]? Threads;

        public readonly void Run(int worker, int workers)
        {
            if (workers == Calls.Length)
            {
                Interlocked.Increment(ref Calls[worker]);
                Threads?[worker] = Environment.CurrentManagedThreadId;
            }
        }
    }

    private struct ThrowJob : IParallelJob
    {
        public int Thrower;

        public readonly void Run(int worker, int workers)
        {
            if (worker == Thrower || Thrower < 0)
            {
                throw new InvalidOperationException($"worker {worker}");
            }
        }
    }

    private struct CollectJob : IParallelJob
    {
        public int[] Calls;

        public readonly void Run(int worker, int workers)
        {
            if (worker == 1)
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true, compacting: true);
            }

            Interlocked.Increment(ref Calls[worker]);
        }
    }
}
