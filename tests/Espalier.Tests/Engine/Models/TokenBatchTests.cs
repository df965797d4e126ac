using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;

namespace Espalier.Tests.Engine.Models;

public class TokenBatchTests
{
    [Theory]
    [InlineData(new[] { 1, 71, 2 }, new[] { 0, 3 }, "token 1 has id 71; expected 0 to 70")]
    [InlineData(new[] { 1, 2, -5 }, new[] { 0, 3 }, "token 2 has id -5; expected 0 to 70")]
    [InlineData(new[] { 1, 2, 3 }, new[] { 0, 2 }, "from 0 to 2")]
    [InlineData(new[] { 1, 2, 3 }, new[] { 1, 3 }, "from 1 to 3")]
    [InlineData(new[] { 1, 2, 3 }, new[] { 0, 2, 1, 3 }, "descend from 2 to 1")]
    [InlineData(new[] { 1, 2, 3 }, new[] { 0, 2, 2, 3 }, "sequence 1 is empty")]
    [InlineData(new[] { 1, 2, 3 }, new[] { 0, 9, 3 }, "descend from 9 to 3")]
    [InlineData(new[] { 1, 2, 3 }, new int[0], "no offsets")]
    public void Upload_BadIdsOrOffsets_IsRefusedNamingTheValue(int[] ids, int[] offsets, string fault)
    {
        using var device = new CpuDevice(1);
        using var tape = new Tape(device);
        string message = Assert.Throws<ArgumentException>(() => TokenBatch.Upload(tape, ids, offsets, SmallModels.Encoder)).Message;
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Upload_SequenceLongerThanThePositions_IsRefusedWithBothLengths()
    {
        using var device = new CpuDevice(1);
        using var tape = new Tape(device);
        string message = Assert.Throws<ArgumentException>(
            () => TokenBatch.Upload(tape, new int[24], [0, 3, 24], SmallModels.Encoder)).Message;
        Assert.Contains("21 tokens", message, StringComparison.Ordinal);
        Assert.Contains("20", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Loss_RowsOrTargetsOutOfRange_IsRefusedNamingTheValue()
    {
        using var f = new ModelFixture<MaskedLanguageModel>(p => new MaskedLanguageModel(p, SmallModels.Encoder));
        Assert.Contains("rows[1] is 5", Loss([0, 5], [1, 2]), StringComparison.Ordinal);
        Assert.Contains("targets[0] is -100", Loss([0, 4], [-100, 2]), StringComparison.Ordinal);
        Assert.Contains("3 rows", Loss([0, 4], [1, 2, 3]), StringComparison.Ordinal);

        string Loss(int[] masked, int[] targets)
        {
            f.Tape.Reset();
            TokenBatch batch = f.Batch(SmallModels.Encoder, [1, 2, 3], [4, 5]);
            return Assert.ThrowsAny<ArgumentException>(
                () => f.Model.Loss(f.Tape, batch, f.Tape.Upload(masked), f.Tape.Upload(targets), 1)).Message;
        }
    }
}
