using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Runs;

public class RunLockTests
{
    [Fact]
    public void Drop_AnotherTookTheFolderMeanwhile_LeavesItsLockAlone()
    {
        using var folder = new TemporaryFolder();
        FileStream? successor = null;
        RunLock.Drop(folder.Path, new Watched(folder[RunLock.Name], () => successor = RunLock.Take(folder.Path)));
        using (successor)
        {
            Assert.True(File.Exists(folder[RunLock.Name]));
            Assert.Throws<RunLockedException>(() => RunLock.Take(folder.Path));
        }
    }

    [Fact]
    public void Take_FileRemovedBetweenOpeningAndLocking_HoldsTheOneThatHasTheName()
    {
        using var folder = new TemporaryFolder();
        int opened = 0;
        using FileStream held = RunLock.Take(folder.Path, file =>
        {
            FileStream stream = Open(file);
            if (opened++ == 0 && !OperatingSystem.IsWindows())
            {
                File.Delete(file);
            }

            return stream;
        });
        Assert.True(RunLock.IsHeld(folder.Path));
        Assert.Throws<RunLockedException>(() => RunLock.Take(folder.Path));
    }

    private static FileStream Open(string file) => new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    // A lock that tells when it has been let go of.
    private sealed class Watched(string file, Action released) : FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None)
    {
        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (disposing)
            {
                released();
            }
        }
    }
}
